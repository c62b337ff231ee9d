// One order: its phones, its explanation, its timeline, and what it was before. Kept in step as long as it is looked at.

import { ask, follow, may, rest } from "./api.js";
import { actsOf, seenOn } from "./demo.js";
import { byId, el, fill, say } from "./dom.js";
import { explained, LastFound, passes } from "./findings.js";
import { islands, phone } from "./phones.js";
import { pushes, timeline } from "./timeline.js";
import { Travel } from "./travel.js";
import { inWords, short } from "./words.js";

const CATCH_UP = [30, 40, 60, 80, 120, 200, 300, 500, 800, 1300, 2000, 3000], LONGEST_WAIT = 3000, TICK = 3000;

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
    // a browser takes such a part of an address for the way to another one, however it is written (WHATWG URL, "dot segment")
    if ([".", ".."].includes(this.id)) return this.fail(`No browser can ask for an order ${this.id}, since its address would be another one. `
      + `At the command line: lockstep order explain ${this.id}`);
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

  /** Read again and again, in ever longer steps, while pushes are on their way; what waits for longer is read every TICK. */
  async catchUp() {
    const turn = (this.turn = {}), { signal } = this.stop;
    for (const wait of CATCH_UP) {
      await this.read();
      if (signal.aborted || this.turn !== turn || !this.told) return;
      const passing = [this.told, ...this.told.cards].map((each) => each.finding).filter(passes);
      if (!passing.length) return;
      // nothing comes before the first that says when it goes on
      const until = Math.min(...passing.map((each) => (each.until ? new Date(each.until) - new Date(this.told.at) : 0)));
      await rest(Math.min(Math.max(wait, until), LONGEST_WAIT), signal);
      if (this.turn !== turn) return;
    }
  }

  async read() {
    const { signal } = this.stop;
    const mine = (this.reading = {});
    try {
      const cards = this.told?.cards ?? [];
      let [told, seen] = await Promise.all([ask(`${this.path}/explain?states=true`, { signal }), seenOn(cards, signal)]);
      // what was accepted of its cards is asked for once they, or the order, are elsewhere than before
      const place = placeOf(told);
      const now = place === this.place ? this.now : await this.stateOf(told.version, told.at);
      if (told.cards.length !== cards.length) seen = await seenOn(told.cards, signal);
      if (signal.aborted || this.reading !== mine) return;
      this.travel.reach(told);
      await this.travel.complete(now);
      if (signal.aborted || this.reading !== mine) return;
      Object.assign(this, { told, now, seen, place });
      byId("order-error").hidden = true;
      this.show();
    } catch (error) {
      if (signal.aborted) return;
      this.fail(error.status === 404 ? `Nothing has happened to an order ${this.id} yet. It appears here as soon as something does.`
        : `It cannot be read: ${error.message} Trying again…`);
    }
  }

  fail(words) {
    byId("order").classList.toggle("absent", !this.told);
    say(byId("order-error"), words);
    byId("order-error").hidden = false;
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
    this.showTimeline(timeline(told, this.seen, travel.version, (version) => travel.go(version)));
    fill(byId("pushes"), pushes(told, this.seen));
    travel.show(now.recorded);
  }

  /** Show the events; who reads further down, or is at one of them, stays there as another comes. */
  showTimeline(lines) {
    const list = byId("timeline"), place = list.parentElement, { scrollTop, scrollHeight } = place;
    const focused = list.contains(document.activeElement) ? document.activeElement.closest("[data-version]").dataset.version : null;
    fill(list, lines);
    if (scrollTop) place.scrollTop = scrollTop + place.scrollHeight - scrollHeight;
    if (focused) list.querySelector(`[data-version="${focused}"] .event`)?.focus({ preventScroll: true });
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

/** Say how far an order and its cards are, so that two places are told from one another. */
function placeOf(told) {
  const cards = told.cards.map(({ cardId, generation, phase, acceptedVersion, sent, finding }) =>
    [cardId, generation, phase, acceptedVersion, finding.reason, sent.map((each) => [each.apnsId, each.outcome])]);
  return JSON.stringify([told.version, told.viewVersion, cards]);
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
