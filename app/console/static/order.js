// One order: its phones, its explanation, its timeline, and what it was before. Kept in step as long as it is looked at.

import { ask, follow, may, rest } from "./api.js";
import { actsOf, seenOn } from "./demo.js";
import { byId, el, fill } from "./dom.js";
import { explained, LastFound } from "./findings.js";
import { islands, phone } from "./phones.js";
import { pushes, timeline } from "./timeline.js";
import { Travel } from "./travel.js";
import { inWords, short } from "./words.js";

const CATCH_UP = [30, 40, 60, 80, 120, 200, 300, 500, 800, 1300, 2000, 3000], TICK = 3000;

export class Order {
  /**
   * @param id The order's.
   * @param layouts How cards are drawn, by attributes type and by kind.
   * @param version What to look at; null for now.
   */
  constructor(id, layouts, version) {
    Object.assign(this, { id, layouts, stop: new AbortController(), last: new LastFound() });
    this.path = `v1/orders/${encodeURIComponent(id)}`;
    this.travel = new Travel(this.path, version, () => this.show());
    byId("order").dataset.order = id;
    byId("order-error").hidden = true;
    byId("islands").replaceChildren(...islands(() => this.show()));
    this.clear();
  }

  /** Follow it, until `end`. */
  async begin() {
    const { signal } = this.stop;
    await this.read();
    const ticking = setInterval(() => document.hidden || this.read(), TICK);
    signal.addEventListener("abort", () => clearInterval(ticking));
    await follow(`${this.path}/stream`, { signal, take: () => this.catchUp() });
  }

  /** Follow it no more, and leave nothing of it in the page. */
  end() {
    this.stop.abort();
    this.clear();
    for (const each of ["order-title", "order-error"]) byId(each).replaceChildren();
    delete byId("order").dataset.order;
  }

  /** Read again and again, in ever longer steps, until its cards have what there is, or nothing comes of it. */
  async catchUp() {
    const turn = (this.turn = {}), { signal } = this.stop;
    for (const wait of CATCH_UP) {
      await this.read();
      if (signal.aborted || this.turn !== turn || this.isInStep()) return;
      await rest(wait, signal);
    }
  }

  isInStep() {
    const { told } = this;
    return told && told.viewVersion === told.version && told.cards.every(
      (each) => each.phase === "over" || (each.phase === "shown" && (each.acceptedVersion ?? 0) >= told.viewVersion));
  }

  async read() {
    const { signal } = this.stop;
    const mine = (this.reading = {});
    try {
      // what there was before is most often what there is: so it is asked for at once
      const known = this.told?.version, cards = this.told?.cards ?? [];
      let [told, now, seen] = await Promise.all([
        ask(`${this.path}/explain?states=true`, { signal }),
        known ? this.stateOf(known) : null,
        seenOn(cards, signal),
      ]);
      if (told.version !== known) now = await this.stateOf(told.version, told.at);
      if (told.cards.length !== cards.length) seen = await seenOn(told.cards, signal);
      if (signal.aborted || this.reading !== mine) return;
      this.travel.reach(told);
      await this.travel.complete(now);
      if (signal.aborted || this.reading !== mine) return;
      Object.assign(this, { told, now, seen });
      byId("order-error").hidden = true;
      this.show();
    } catch (error) {
      if (signal.aborted) return;
      byId("order").classList.toggle("absent", error.status === 404);
      byId("order-error").textContent = error.status === 404
        ? `Nothing has happened to an order ${this.id} yet. It appears here as soon as something does.`
        : `It cannot be read: ${error.message} Trying again…`;
      byId("order-error").hidden = false;
    }
  }

  /** Give what there is of a version; before the first, of a moment. */
  stateOf(version, at) {
    const point = version ? `version=${version}` : `at=${encodeURIComponent(at)}`;
    return ask(`${this.path}/state?${point}`, { signal: this.stop.signal });
  }

  clear() {
    for (const each of ["order-title", "order-status", "phones", "finding", "timeline", "pushes"]) byId(each).replaceChildren();
    this.travel.clear();
    byId("order-title").textContent = this.id;
    byId("order").classList.add("unread");
    byId("order").classList.remove("absent");
  }

  show() {
    const { told, now, travel } = this;
    if (!told) return;
    const then = travel.state, shown = then ?? now;
    byId("order").classList.remove("unread", "absent");
    byId("order").classList.toggle("past", Boolean(then));
    fill(byId("order-title"), this.id);
    const status = then ? then.recorded.status : told.status;
    fill(byId("order-status"), el("span", { class: `chip ${told.over ? "over" : "open"}` }, inWords(status ?? "not placed")));
    this.showPhones(shown, Boolean(then));
    byId("finding").classList.toggle("for-admin", may("admin"));
    fill(byId("finding"), explained(told, then, this.path, { nameOf: (id) => this.nameOf(id), again: () => this.catchUp(), last: this.last }));
    fill(byId("timeline"), timeline(told, this.seen, travel.version, (version) => travel.go(version)));
    fill(byId("pushes"), pushes(told, this.seen));
    travel.show(now.recorded);
  }

  nameOf(deviceId) {
    return this.seen.get(deviceId)?.id ?? short(deviceId);
  }

  showPhones(state, past) {
    const explained = new Map(this.told.cards.map((each) => [each.cardId, each]));
    const isAndroid = (card) => explained.get(card.cardId)?.environment === "fcm";
    const cards = newest(state.cards).sort((a, b) => isAndroid(a) - isAndroid(b));
    byId("islands").parentElement.classList.toggle("of-none", cards.every(isAndroid));
    byId("parts").toggleAttribute("data-many", cards.length > 2);
    const drawn = cards.map((card) => {
      const told = past ? undefined : explained.get(card.cardId);
      const seen = past ? undefined : this.seen.get(card.deviceId);
      return phone(card, {
        told, seen, android: isAndroid(card), name: this.nameOf(card.deviceId), layout: this.layouts.get(card.attributesType) ?? this.layouts.get(""),
        acts: past || !seen ? [] : actsOf(seen, card, () => this.catchUp()),      });
    });
    fill(byId("phones"), drawn.length ? drawn : el("p", { class: "nothing" },
      past ? "No card was there then." : "No phone has a card of it. The explanation says why."));
  }
}

/** Of the cards of one phone and type, the newest generation. */
function newest(cards) {
  const found = new Map();
  for (const each of cards) {
    const key = `${each.deviceId} ${each.attributesType}`;
    if (!found.has(key) || found.get(key).generation < each.generation) found.set(key, each);
  }
  return [...found.values()];
}
