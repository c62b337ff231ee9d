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

  /** Show these items; `idOf` tells one from another. */
  set(items) {
    this.items = items;
    this.space.style.height = `${items.length * this.rowHeight}px`;
    this.again();
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
    this.rows.forEach((row, index) => {
      const item = this.items[first + index];
      row.hidden = index >= count || !item;
      // nothing of anybody stays in a row that is not shown
      if (row.hidden) return void row.replaceChildren();
      row.style.transform = `translateY(${(first + index) * this.rowHeight}px)`;
      row.id = `row-${first + index}`;
      row.setAttribute("aria-setsize", this.items.length);
      row.setAttribute("aria-posinset", first + index + 1);
      row.setAttribute("aria-selected", String(item.orderId === this.chosen));
      if (item.orderId === this.chosen) this.place.setAttribute("aria-activedescendant", row.id);
      this.show(row, item);
    });
  }

  add() {
    const index = this.rows.length;
    const row = el("div", { class: "row", role: "option", style: { height: `${this.rowHeight}px` },
      onclick: () => this.choose(this.items[this.first + index]) });
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
