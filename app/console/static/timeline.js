// What happened, and how far each event came: recorded, folded, sent, accepted, shown, with the time between.

import { el } from "./dom.js";
import { at, lasting, ofType, onDay, short } from "./words.js";

/** By how much the clocks of a phone and of Lockstep may differ, in milliseconds; a card is sent one push a second. */
const APART = 500;

/** Give the events, the newest first; `go(version)` shows what the order was after one. */
export function timeline(told, seen, version, go) {
  if (!told.events.length) return [el("li", { class: "nothing" }, "Its events are not in the log any more.")];
  return told.events.map((event) => el("li", { class: event.version === version ? "chosen" : undefined, "data-version": event.version },
    el("button", { type: "button", class: "event", "aria-current": event.version === version ? "true" : undefined, onclick: () => go(event.version) },
      el("span", { class: "event-type" }, ofType(event.type)),
      el("span", { class: "quiet" }, `v${event.version}`),
      el("time", { datetime: event.recordedAt, title: onDay(event.recordedAt) }, at(event.recordedAt))),
    el("p", { class: "quiet changed", title: changed(event) }, changed(event)),
    told.cards.length ? told.cards.map((card) => journey(event, card, told, seen)) : journey(event, null, told, seen)));
}

function changed(event) {
  if (event.foreign) return "It is about subjects of another kind, and changes nothing here";
  if (!event.folded) return "Not folded yet";
  return event.after?.changed?.length ? `changed ${event.after.changed.join(", ")}` : "changed nothing that is shown";
}

/** Give the way of an event to one card; without a card it ends with the fold. Every way has the same height. */
function journey(event, card, told, seen) {
  const push = card && [...card.sent].reverse().find((each) => each.version >= event.version && each.outcome === "accepted"
    && each.kind !== "alert" && each.answeredAt >= event.recordedAt);
  const stages = stagesOf(event, push, push && shownAt(push, card, seen.get(card.deviceId)));
  const end = stages.findLast((each) => each.at);
  return el("div", { class: "journey" },
    el("span", { class: "quiet" }, card ? seen.get(card.deviceId)?.id ?? short(card.deviceId) : "No card yet"),
    el("span", { class: "total" }, push ? lasting(end.at - stages[0].at) : ""),
    el("ol", {}, stages.map(({ stage, at: moment, took, done }) => el("li", { class: done ? "done" : undefined, title: moment ? `${stage} ${at(moment)}` : stage },
      el("b", {}, stage), el("span", {}, !done ? "–" : took === null ? "✓" : lasting(took))))));
}

/** Give the stages as they came: a phone may show a push before Apple's answer is here. Clocks may differ by a little. */
function stagesOf(event, push, shown) {
  const times = [["recorded", event.recordedAt], ["folded", push?.foldedAt], ["sent", push?.sentAt], ["accepted", push?.answeredAt], ["shown", shown]]
    .map(([stage, moment]) => ({ stage, at: moment ? new Date(moment) : null }));
  const [accepted, last] = times.slice(-2);
  if (last.at && last.at < accepted.at) times.splice(-2, 2, last, accepted);
  let before = null;
  for (const each of times) {
    each.done = Boolean(each.at) || (each.stage === "folded" && event.folded);
    each.took = before && each.at ? Math.max(each.at - before, 0) : null;
    before = each.at ?? before;
  }
  return times;
}

/** Say when the simulated phone showed a push; a real phone does not tell. An Android phone knows no id of it. */
function shownAt(push, card, phone) {
  const record = phone?.pushes ? phone.pushes.find((each) => each.apnsId === push.apnsId)
    : phone?.messages?.find((each) => each.cardId === card.cardId && each.event === push.kind && each.at * 1000 >= new Date(push.sentAt) - APART);
  return record?.applied ? record.at * 1000 : null;
}

/** Give the log of pushes, the newest first. */
export function pushes(told, seen) {
  const all = told.cards.flatMap((card) => card.sent.map((push) => ({ card, push })));
  all.sort((a, b) => (a.push.sentAt < b.push.sentAt ? 1 : -1));
  if (!all.length) return [el("tr", {}, el("td", { colspan: 6, class: "nothing" }, "Nothing was sent yet."))];
  return all.map(({ card, push }) => el("tr", { class: push.outcome },
    el("td", {}, el("time", { datetime: push.sentAt }, at(push.sentAt))),
    el("td", {}, seen.get(card.deviceId)?.id ?? short(card.deviceId)),
    el("td", {}, `${push.kind}, v${push.version}`),
    el("td", {}, push.demoted ? `${push.priority} (was to be 10)` : push.priority),
    el("td", {}, push.status === null ? "no answer" : [push.status, push.reason ? ` ${push.reason}` : "", ` · ${lasting(new Date(push.answeredAt) - new Date(push.sentAt))}`]),
    el("td", { class: "why" }, push.why)));
}
