// Follows one order and shows what it is told. Order and ticket stand behind the # of the address, so no server sees
// them but ours, and only the ticket in a header says who asks. Texts are only ever placed as text.

const FIRST_WAIT = 1000, LONGEST_WAIT = 30000, SILENT_FOR = 45000;
const KNOWN_FOR_GOOD = new Set(["over", "gone"]);
const WORDS = {
  waiting: "Nothing is known of it yet.",
  gone: "This is no longer available.",
  broken: "This cannot be shown right now.",
  expired: "This link has expired. Please open a new one.",
  unknown: "There is nothing to follow under this link.",
  late: "It takes longer than expected.",
  stale: "There has been no news for a while: this may be out of date.",
  lost: "No connection: this may be out of date. Trying again…",
};

const page = document.getElementById("page");
const parts = Object.fromEntries([...page.querySelectorAll("[id]")].map((each) => [each.id, each]));
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

let state = null, lastId = "", line = null, staleTimer = 0;

function place(part, text) {
  parts[part].textContent = text ?? "";
  parts[part].hidden = !text;
}

function timeOf(seconds) {
  const moment = new Date(seconds * 1000), element = document.createElement("time");
  element.dateTime = moment.toISOString();
  element.textContent = (moment.toDateString() === new Date().toDateString() ? clock : day).format(moment);
  return element;
}

function fill(list, rows, make) {
  parts[list].replaceChildren(...rows.flatMap(make));
  parts[list].hidden = rows.length === 0;
}

function element(name, content) {
  const made = document.createElement(name);
  made.append(content);
  return made;
}

function isStale() {
  return state.staleAt !== null && state.staleAt * 1000 <= Date.now();
}

function notice() {
  if (!state || state.phase !== "open") return null;
  if (page.dataset.line === "lost") return WORDS.lost;
  if (state.freshness === "stale" || isStale()) return WORDS.stale;
  return state.freshness === "late" ? WORDS.late : null;
}

function show() {
  const shown = state.page ?? { title: "", headline: WORDS[state.phase] };
  page.dataset.phase = state.phase;
  page.dataset.freshness = state.phase === "open" && isStale() ? "stale" : state.freshness;
  page.dataset.state = lastId;
  document.title = [shown.headline, shown.title].filter(Boolean).join(" – ") || "Tracking";
  place("title", shown.title);
  place("headline", shown.headline || shown.title);
  place("text", shown.text);
  place("notice", notice());
  parts.progress.hidden = shown.progress === undefined;
  parts.progress.value = shown.progress ?? 0;
  fill("lines", shown.lines ?? [], (each) => [
    element("dt", each.label), element("dd", each.at === undefined ? each.text ?? "" : timeOf(each.at)),
  ]);
  fill("steps", [...(shown.steps ?? [])].reverse(), (each) => {
    const row = element("li", element("span", each.label));
    row.append(each.at === undefined ? each.text ?? "" : timeOf(each.at));
    return row;
  });
  clearTimeout(staleTimer);
  const left = state.staleAt === null ? Infinity : state.staleAt * 1000 - Date.now();
  if (left > 0 && left < 2 ** 31) staleTimer = setTimeout(show, left);
}

function stop(word) {
  state = null;
  page.dataset.phase = word;
  page.dataset.line = "closed";
  for (const part of ["title", "text", "notice"]) place(part, null);
  for (const part of ["progress", "lines", "steps"]) parts[part].hidden = true;
  place("headline", WORDS[word]);
}

function take(block) {
  const fields = {};
  for (const row of block.split("\n")) {
    const colon = row.indexOf(":");
    if (colon > 0) fields[row.slice(0, colon)] = row.slice(colon + 1).replace(/^ /, "");
  }
  if (fields.id) lastId = fields.id;
  if (fields.data) state = JSON.parse(fields.data);
}

async function read(answer, alive) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    blocks.forEach(take);
    page.dataset.line = "open";
    if (state) show();
  }
}

async function follow(order, ticket) {
  let wait = FIRST_WAIT;
  for (;;) {
    line = new AbortController();
    let watchdog = 0;
    const alive = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => line.abort(), SILENT_FOR);
      wait = FIRST_WAIT;
    };
    try {
      watchdog = setTimeout(() => line.abort(), SILENT_FOR);
      const headers = { Authorization: `Bearer ${ticket}`, ...(lastId && { "Last-Event-ID": lastId }) };
      const address = new URL(`v1/orders/${encodeURIComponent(order)}/stream`, document.baseURI);
      const answer = await fetch(address, { headers, cache: "no-store", credentials: "omit", signal: line.signal });
      if (answer.status === 401) return stop("expired");
      if ([400, 403].includes(answer.status)) return stop("unknown");
      // it may be on its way: a customer's ticket opens what is known to be theirs
      if (answer.status === 404) stop("unknown");
      if (answer.status === 200) await read(answer, alive);
      if (answer.status === 204 || (state && KNOWN_FOR_GOOD.has(state.phase))) {
        page.dataset.line = "closed";
        return;
      }
      if (answer.status >= 300) throw new Error(`status ${answer.status}`);
    } catch {
      page.dataset.line = "lost";
      if (state) show();
    } finally {
      clearTimeout(watchdog);
    }
    await new Promise((resolve) => {
      const timer = setTimeout(resolve, wait * (0.5 + Math.random() / 2));
      addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
    });
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

const link = new URLSearchParams(location.hash.slice(1));
addEventListener("offline", () => line?.abort());
addEventListener("hashchange", () => location.reload());
if (link.get("order") && link.get("ticket")) follow(link.get("order"), link.get("ticket"));
else stop("unknown");
