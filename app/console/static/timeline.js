// What happened, and how far each event came: recorded, folded, sent, accepted, shown, with the time between.

import { el } from "./dom.js";
import { at, lasting, ofType, onDay, short } from "./words.js";

const STAGES = ["recorded", "folded", "sent", "accepted", "shown"];

/** Give the events, the newest first; `go(version)` shows what the order was after one. */
export function timeline(told, seen, version, go) {
  if (!told.events.length) return [el("li", { class: "nothing" }, "Its events are not in the log any more.")];
  return told.events.map((event) => el("li", { class: event.version === version ? "chosen" : undefined, "data-version": event.version },
    el("button", { type: "button", class: "event", "aria-current": event.version === version ? "true" : undefined, onclick: () => go(event.version) },
      el("span", { class: "event-type" }, ofType(event.type)),
      el("span", { class: "quiet" }, `v${event.version}`),
      el("time", { datetime: event.recordedAt, title: onDay(event.recordedAt) }, at(event.recordedAt))),
    event.foreign ? el("p", { class: "quiet" }, "It is about subjects of another kind, and changes nothing here.") : null,
    event.after?.changed?.length ? el("p", { class: "quiet changed" }, `changed ${event.after.changed.join(", ")}`) : null,
    told.cards.map((card) => journey(event, card, told, seen))));
}

/** Give the way of an event to one card. */
function journey(event, card, told, seen) {
  const push = [...card.sent].reverse().find((each) => each.version >= event.version && each.outcome === "accepted"
    && each.kind !== "alert" && each.answeredAt >= event.recordedAt);
  const times = { recorded: event.recordedAt, folded: push?.foldedAt ?? null, sent: push?.sentAt, accepted: push?.answeredAt,
    shown: push && shownAt(push, card, seen.get(card.deviceId)) };
  if (!push && !event.folded) return null;
  let before = new Date(times.recorded);
  const reached = STAGES.map((stage) => {
    const moment = times[stage] && new Date(times[stage]);
    const took = moment ? moment - before : null;
    if (moment) before = moment;
    const done = Boolean(moment) || (stage === "folded" && event.folded);
    const words = !done ? "–" : stage === "recorded" || took === null ? "✓" : took < 0 ? "before" : lasting(took);
    return el("li", { class: done ? "done" : undefined, title: moment ? `${stage} ${at(moment)}` : stage }, el("b", {}, stage), el("span", {}, words));
  });
  return el("div", { class: "journey" },
    told.cards.length > 1 ? el("span", { class: "quiet" }, seen.get(card.deviceId)?.id ?? short(card.deviceId)) : null,
    el("ol", {}, reached),
    push ? el("span", { class: "total" }, lasting(new Date(times.shown ?? times.accepted) - new Date(times.recorded))) : null);
}

/** Say when the simulated phone showed a push; a real phone does not tell. */
function shownAt(push, card, phone) {
  const record = phone?.pushes?.find((each) => each.apnsId === push.apnsId);
  return record?.applied ? new Date(record.at * 1000).toISOString() : null;
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
