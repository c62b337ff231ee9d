// In the demo: what the simulated phones show themselves, buttons for their users, and buttons for what can go wrong.

import { ask, keyIsOf, may } from "./api.js";
import { byId, el, press, say as write } from "./dom.js";

/** What shows best how things heal by themselves. */
const FIRST = ["reason:ServiceUnavailable", "goaway", "connect:refused", "never_answers", "cut_after_processing", "bad_day"];

let here = false;

/** Find out whether this is a demo, and show what one can do in it. */
export async function beginDemo() {
  here = false;
  byId("demo").hidden = true;
  byId("order").classList.remove("with-acts");
  if (!keyIsOf("demo") || !may("admin")) return;
  const told = await ask("demo/faults").catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
  if (!told) return;
  here = true;
  byId("demo").hidden = false;
  byId("order").classList.add("with-acts");
  const option = (each) => el("option", { value: each.name, title: each.expect }, each.name);
  const first = FIRST.map((name) => told.plans.find((each) => each.name === name)).filter(Boolean);
  byId("fault").replaceChildren(
    el("optgroup", { label: "To begin with" }, first.map(option)),
    el("optgroup", { label: "All others" }, told.plans.filter((each) => !first.includes(each)).map(option)));
  const tell = () => {
    const plan = told.plans.find((each) => each.name === byId("fault").value);
    byId("fault-means").textContent = plan ? `${plan.what} ${plan.expect}` : "";
  };
  byId("fault").onchange = tell;
  tell();
  byId("begin-fault").onclick = () => say(ask("demo/faults", { method: "POST", body: { plan: byId("fault").value } }));
  byId("end-faults").onclick = () => say(ask("demo/faults", { method: "DELETE" }));
  show(told);
}

async function say(asked) {
  try {
    show(await asked);
  } catch (error) {
    byId("faults-left").textContent = error.message;
  }
}

function show(told) {
  const waiting = told.faults.reduce((sum, each) => sum + (each.times ?? 1), 0);
  write(byId("faults-left"), waiting ? `Goes wrong still: ${told.faults.map((each) => each.name).join(", ")}` : "Nothing goes wrong.");
  byId("end-faults").disabled = !waiting;
}

/** Give what the simulated phones of some cards show, by device id; empty outside of the demo. */
export async function seenOn(cards, signal) {
  if (!here || !cards.length) return new Map();
  const ids = [...new Set(cards.map((each) => each.deviceId))];
  const { phones, faults } = await ask(`demo/phones?${new URLSearchParams(ids.map((each) => ["device", each]))}`, { signal });
  show({ faults });
  return new Map(phones.map((each) => [each.deviceId, each]));
}

/** Give a card as a simulated phone has it, iPhone or Android; undefined where none is simulated, or has no such card. */
export const cardOn = (seen, card) => (seen?.cards ?? seen?.liveUpdates)?.find((each) => each.cardId === card.cardId);

/** Give the buttons of a simulated phone's user. */
export function actsOf(seen, card, again) {
  const itself = cardOn(seen, card);
  const act = (name, words, body) => el("button", { type: "button", class: "act", "data-act": name, onclick: (event) => press(event.currentTarget, async () => {
    await ask(`demo/phones/${encodeURIComponent(seen.id)}/${name}`, { method: "POST", body: body ?? {} });
    await again();
  }) }, words);
  return [
    seen.online ? act("go-offline", "Go offline") : act("go-online", "Go online"),
    seen.forceQuit ? act("launch", "Open the app") : seen.platform === "ios" ? act("force-quit", "Force-quit the app") : null,
    itself && itself.state !== "dismissed" && itself.visible ? act("dismiss", "Swipe the card away", { card: itself.activityId ?? itself.cardId }) : null,
    seen.permission === "unasked" || seen.permission === "asked" ? act("allow", "Tap Allow") : null,
  ].filter(Boolean);
}

