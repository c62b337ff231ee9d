// A list of any length with as many rows in the page as one can see. Rows are used again as they scroll by.

import { el } from "./dom.js";

const BEYOND = 6;

export class VirtualList {
  /**
   * @param place The element that scrolls; it becomes a list box.
   * @param rowHeight Of each row, in pixels.
   * @param show Fills a row: `show(row, item)`.
   * @param choose Called with an item that is chosen.
   * @param end Called as the last items come into sight.
   */
  constructor(place, { rowHeight, show, choose, end, label }) {
    Object.assign(this, { place, rowHeight, show, choose, end, items: [], rows: [], chosen: null, first: -1 });
    this.space = el("div", { class: "space" });
    place.append(this.space);
    place.setAttribute("role", "listbox");
    place.setAttribute("aria-label", label);
    place.tabIndex = 0;
    place.addEventListener("scroll", () => this.later(), { passive: true });
    place.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.later()).observe(place);
  }

  /** Show these items, of which there may be more; who has scrolled to some of them goes on seeing those. */
  set(items, isWhole = true) {
    this.isWhole = isWhole;
    const { scrollTop, clientHeight } = this.place, first = Math.floor(scrollTop / this.rowHeight);
    const seen = scrollTop ? this.items.slice(first, first + Math.ceil(clientHeight / this.rowHeight)) : [];
    this.items = items;
    this.space.style.height = `${items.length * this.rowHeight}px`;
    if (seen.length) {
      const places = new Map(items.map((each, index) => [each.orderId, index]));
      const moves = seen.map((each, index) => places.get(each.orderId) - first - index).filter((each) => !Number.isNaN(each));
      const least = moves.reduce((least, each) => (Math.abs(each) < Math.abs(least) ? each : least), Infinity);
      if (Number.isFinite(least)) this.place.scrollTop = scrollTop + least * this.rowHeight;
    }
    this.again();
  }

  /** Go to the first item. */
  toTop() {
    this.place.scrollTop = 0;
  }

  /** Leave nothing of the items in the page, at once. */
  clear() {
    this.set([]);
    this.draw();
  }

  /** Write anew what can be seen. */
  again() {
    this.first = -1;
    this.later();
  }

  /** Mark an item, by its id, as the one that is looked at. */
  mark(id) {
    this.chosen = id;
    this.again();
  }

  later() {
    this.drawing ??= requestAnimationFrame(() => {
      this.drawing = null;
      this.draw();
    });
  }

  draw() {
    const { scrollTop, clientHeight } = this.place;
    const first = Math.max(Math.floor(scrollTop / this.rowHeight) - BEYOND, 0);
    const count = Math.min(Math.ceil(clientHeight / this.rowHeight) + 2 * BEYOND, this.items.length - first);
    if (first + count >= this.items.length - BEYOND) this.end?.();
    if (first === this.first && count === this.count) return;
    Object.assign(this, { first, count });
    while (this.rows.length < count) this.add();
    const shown = this.items.slice(first, first + count), rows = this.rowsOf(shown);
    let active = null;
    shown.forEach((item, index) => {
      const row = rows[index], isChosen = item.orderId === this.chosen;
      row.hidden = false;
      row.style.transform = `translateY(${(first + index) * this.rowHeight}px)`;
      row.setAttribute("aria-setsize", this.isWhole ? this.items.length : -1);
      row.setAttribute("aria-posinset", first + index + 1);
      row.setAttribute("aria-selected", String(isChosen));
      if (isChosen) active = row.id;
      this.show(row, item);
      // those who hear the page hear the rows as they stand
      if (this.space.children[index] !== row) this.space.insertBefore(row, this.space.children[index]);
    });
    if (active) this.place.setAttribute("aria-activedescendant", active);
    else this.place.removeAttribute("aria-activedescendant");
  }

  /** Give a row for each item: that which it has, so that it stays the same for whoever is at it, or one that is free. */
  rowsOf(shown) {
    const wanted = new Set(shown.map((each) => each.orderId)), held = new Map(), free = [];
    for (const row of this.rows) {
      if (row.item && wanted.has(row.item.orderId)) held.set(row.item.orderId, row);
      else free.push(row);
    }
    const rows = shown.map((each) => held.get(each.orderId) ?? free.pop());
    rows.forEach((row, index) => { row.item = shown[index]; });
    for (const row of free) {
      row.hidden = true;
      row.item = null;
      // nothing of anybody stays in a row that is not shown
      row.replaceChildren();
    }
    return rows;
  }

  add() {
    const row = el("div", { class: "row", role: "option", id: `row-${this.rows.length}`, style: { height: `${this.rowHeight}px` },
      onclick: () => this.choose(row.item) });
    this.rows.push(row);
    this.space.append(row);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || !this.items.length) return;
    event.preventDefault();
    const now = this.items.findIndex((each) => each.orderId === this.chosen);
    const next = Math.min(Math.max(now + step, 0), this.items.length - 1);
    const top = next * this.rowHeight, { scrollTop, clientHeight } = this.place;
    if (top < scrollTop) this.place.scrollTop = top;
    else if (top + this.rowHeight > scrollTop + clientHeight) this.place.scrollTop = top + this.rowHeight - clientHeight;
    this.choose(this.items[next]);
  }
}
