// Asks the public API, with the key of this tab. The key is kept as long as the tab is.

const FIRST_WAIT = 500, LONGEST_WAIT = 15000, SILENT_FOR = 45000;
const KEPT = "lockstep.key";

/** What the API refused: `status`, `title`, `detail`, `type`. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || problem.title || `The answer was ${status}.`);
    Object.assign(this, { status, problem });
  }
}

let key = sessionStorage.getItem(KEPT);
let rights = new Set(), isOfSession = false;

export const keyIsOf = (environment) => (key ?? "").startsWith(`lk_${environment}_`);
export const hasKey = () => key !== null;
export const may = (scope) => rights.has("admin") || rights.has(scope);

export function forget() {
  key = null;
  rights = new Set();
  sessionStorage.removeItem(KEPT);
}

/** Forget the key, and end it if it is that of a session of the console. */
export async function leave() {
  const ended = isOfSession ? ask("v1/console/sessions/current", { method: "DELETE" }) : null;
  forget();
  // a session that is over already, and a key that is of none, have nothing to end
  await ended?.catch((error) => {
    if (![401, 404].includes(error.status)) throw error;
  });
}

/** Take a key, once the API knows it; gives who it is. */
export async function enter(wanted) {
  key = wanted;
  try {
    const me = await ask("v1/me");
    rights = new Set(me.scopes);
    isOfSession = me.name.startsWith("console-");
    sessionStorage.setItem(KEPT, wanted);
    return me;
  } catch (error) {
    forget();
    throw error;
  }
}

/** Change a one-time ticket for a key. */
export async function redeem(ticket) {
  const made = await ask("v1/console/sessions", { method: "POST", body: { ticket } });
  return enter(made.key);
}

/** Go on with the key that this tab has. */
export const goOn = () => enter(key);

/** Ask, and give the JSON of the answer; null where there is nothing in it. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const answer = await reach(new URL(path, document.baseURI), {
    method,
    signal,
    credentials: "omit",
    cache: method === "GET" ? "no-cache" : "no-store",
    headers: { ...(key && { Authorization: `Bearer ${key}` }), ...(body && { "Content-Type": "application/json" }) },
    body: body && JSON.stringify(body),
  });
  const told = await answer.text();
  const content = told && /json/.test(answer.headers.get("Content-Type") ?? "") ? JSON.parse(told) : null;
  if (answer.ok) return content;
  if (answer.status === 401) dispatchEvent(new CustomEvent("lockstep:expired"));
  throw new Refused(answer.status, content ?? {});
}

async function reach(address, request) {
  try {
    return await fetch(address, request);
  } catch (error) {
    // what a browser says of a network that is not there is for nobody to read
    if (error.name === "TypeError") throw new Error("Lockstep cannot be reached.", { cause: error });
    throw error;
  }
}

/** Follow a stream until `signal` says to stop: `take(event, data)` for each event; the page is told as the line comes and goes. */
export async function follow(path, { signal, take }) {
  let wait = FIRST_WAIT, lastId = "";
  while (!signal.aborted) {
    const hung = new AbortController();
    const stop = AbortSignal.any([signal, hung.signal]);
    let watchdog = 0;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => hung.abort(), SILENT_FOR);
    };
    const cut = () => hung.abort();
    addEventListener("offline", cut);
    try {
      alive();
      const headers = { Authorization: `Bearer ${key}`, ...(lastId && { "Last-Event-ID": lastId }) };
      const address = new URL(path, document.baseURI);
      const answer = await fetch(address, { headers, cache: "no-store", credentials: "omit", signal: stop });
      if (answer.status === 401) dispatchEvent(new CustomEvent("lockstep:expired"));
      if ([400, 401, 403, 404].includes(answer.status)) return answer.status;
      if (answer.status === 204) return 204;
      if (answer.status !== 200) throw new Refused(answer.status, {});
      line(true);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read();
        if (done) break;
        alive();
        wait = FIRST_WAIT;
        const blocks = (rest + value).split("\n\n");
        rest = blocks.pop();
        for (const each of blocks) {
          const fields = fieldsOf(each);
          if (fields.id) lastId = fields.id;
          if (fields.data) take(fields.event ?? "message", JSON.parse(fields.data));
        }
      }
    } catch (error) {
      if (signal.aborted) return 0;
      if (!(error instanceof Refused) && error.name !== "AbortError" && error.name !== "TypeError") throw error;
      line(false);
    } finally {
      clearTimeout(watchdog);
      removeEventListener("offline", cut);
    }
    await rest(wait * (0.5 + Math.random() / 2), signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
  return 0;
}

function fieldsOf(block) {
  const fields = {};
  for (const row of block.split("\n")) {
    const colon = row.indexOf(":");
    if (colon > 0) fields[row.slice(0, colon)] = row.slice(colon + 1).replace(/^ /, "");
  }
  return fields;
}

const line = (open) => dispatchEvent(new CustomEvent("lockstep:line", { detail: open }));

/** Wait so many milliseconds, or until the network is back or nobody waits any more. */
export function rest(milliseconds, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
    signal?.addEventListener("abort", done);
  });
}
