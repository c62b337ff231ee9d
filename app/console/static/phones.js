// Draws phones: the Lock Screen's card and the Dynamic Island, as they are after what Apple accepted last.

import { cardOn } from "./demo.js";
import { draw } from "./drawing.js";
import { el } from "./dom.js";
import { symbol } from "./symbols.js";
import { ago, count, inWords } from "./words.js";

const lockClock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit", hourCycle: "h23" });
const bareClock = () => lockClock.format(new Date());
const ISLANDS = ["compact", "minimal", "expanded"];

let island = "compact";

/**
 * Draw a phone.
 * @param card Of `GET …/state`: what had been accepted of it.
 * @param told The same card's explanation; undefined in the past.
 * @param layout How such a card is drawn; undefined where no layout is known.
 * @param seen What the simulated phone shows itself; undefined but in the demo.
 * @param name What the phone is called.
 * @param android Whether it is one with Android, which has no island.
 * @param acts Buttons that belong to the phone.
 */
export function phone(card, { told, layout, seen, name, android, acts = [] }) {
  const accepted = card.accepted, look = lookOf(card, told, seen);
  const content = { contentState: accepted?.contentState, attributes: card.attributes ?? {}, words: layout?.words ?? {} };
  const live = accepted?.contentState && ["shown", "stale"].includes(look.name);
  const screen = el("div", { class: "screen", role: "group", "aria-label": `${name} shows` },
    android ? null : islandOf(layout, content, live),
    el("div", { class: "lock-clock", "aria-hidden": "true" }, bareClock()),
    accepted?.contentState && look.name !== "gone" ? lockScreen(layout, content, look) : el("p", { class: "nothing" }, look.words));
  return el("figure", { class: `phone ${look.name} ${android ? "android" : ""}`, "data-device": card.deviceId,
    "data-version": accepted?.version ?? 0, style: { "--tint": layout?.tint ?? "" } },
  el("div", { class: "frame" }, screen),
  el("figcaption", {},
    el("strong", {}, name),
    el("span", { class: `mark ${look.mark}` }, look.name === "none" ? "No card yet" : look.words),
    accepted ? el("span", { class: "quiet" }, `Version ${accepted.version}, ${ago(accepted.acceptedAt)}, ${count(accepted.contentBytes)} bytes`) : null,
    card.unanswered ? el("span", { class: "quiet" }, `Version ${card.unanswered.version} was sent, no answer yet`) : null),
  acts.length ? el("div", { class: "acts" }, acts) : null);
}

/** Give the buttons by which one chooses how the islands of all phones look; `redraw` is called once one did. */
export function islands(redraw) {
  return ISLANDS.map((each) => el("button", { type: "button", "aria-pressed": String(each === island), onclick: (event) => {
    island = each;
    for (const other of event.currentTarget.parentElement.children) other.setAttribute("aria-pressed", String(other === event.currentTarget));
    redraw();
  } }, inWords(each)));
}

function islandOf(layout, content, live) {
  if (!live || !layout) return el("div", { class: "island asleep", "aria-hidden": "true" });
  const one = (block) => (block ? draw([block], content) : []);
  if (island === "expanded") return el("div", { class: "island expanded" }, draw(layout.expanded, content));
  if (island === "minimal") return el("div", { class: "island minimal" }, one(layout.minimal));
  return el("div", { class: "island compact" }, el("span", {}, one(layout.compactLeading)), el("span", {}, one(layout.compactTrailing)));
}

function lockScreen(layout, content, look) {
  const drawn = layout ? draw(layout.lockScreen, content) : [];
  return el("div", { class: `lock-card ${look.name}` },
    drawn.length ? drawn : el("span", { class: "card-text body" }, Object.entries(content.contentState)
      .filter(([, value]) => typeof value !== "object").map(([name, value]) => `${inWords(name)}: ${value}`).join(" · ")),
    look.name === "stale" ? el("span", { class: "card-text caption stale-note" }, symbol("clock", 14), " May be out of date") : null);
}

/** Say how the card looks: live, out of date, ended, gone, or never there. */
function lookOf(card, told, seen) {
  const itself = cardOn(seen, card);
  if (itself) {
    if (itself.state === "dismissed") return { name: "gone", words: "Swiped away", mark: "plain" };
    if (!itself.visible) return { name: "gone", words: "Left the Lock Screen", mark: "plain" };
    if (itself.state === "ended") return { name: "ended", words: "Ended", mark: "plain" };
    if (itself.stale) return { name: "stale", words: "Out of date", mark: "warn" };
    return { name: "shown", words: "Live", mark: "good" };
  }
  if (!card.accepted) return { name: "none", words: card.whyNot ?? "No card yet", mark: "plain" };
  if (told?.phase === "over" || card.accepted.kind === "end") {
    return told?.finding.reason === "gone" ? { name: "gone", words: "Swiped away", mark: "plain" }
      : { name: "ended", words: "Ended", mark: "plain" };
  }
  const staleAt = card.accepted.staleAt;
  if (staleAt && staleAt * 1000 < Date.now() && told) return { name: "stale", words: "Out of date", mark: "warn" };
  return { name: "shown", words: told ? "Live" : "As it was", mark: told ? "good" : "plain" };
}
