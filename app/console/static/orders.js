// The list of orders: those that changed last first, sought by words, status and trouble, and kept in step by a stream.

import { ask, follow } from "./api.js";
import { byId, el, say } from "./dom.js";
import { command } from "./findings.js";
import { VirtualList } from "./virtual_list.js";
import { ago, inWords } from "./words.js";

const PAGE = 500, ROW = 60, TICK = 1000, SEARCH_REST = 200;

/** How the first order comes, as one copies it. */
const FIRST_ORDER = [
  "lockstep keys create --name shop --scope events:write",
  `curl -H "Authorization: Bearer $KEY" -H "Content-Type: application/json" ${new URL("v1/orders/first-order/events", document.baseURI)} `
    + `-d '{"type": "order.placed", "source": "shop", "data": {"customerId": "customer-1", "merchantName": "Trattoria"}}'`,
];

export class Orders {
  /** @param choose Called with the id of an order that is chosen. */
  constructor(choose) {
    this.known = new Map();
    this.news = new Map();
    this.list = new VirtualList(byId("list"), {
      rowHeight: ROW, show: showRow, choose: (each) => choose(each.orderId), end: () => this.more(), label: "Orders",
    });
    this.statuses = new Set();
    this.form = byId("filters");
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.form.addEventListener("input", () => {
      clearTimeout(this.resting);
      this.resting = setTimeout(() => this.begin({ sought: true }), SEARCH_REST);
    });
    byId("show-all").onclick = () => {
      this.form.reset();
      this.begin({ sought: true });
      byId("search").focus();
    };
    byId("first-order-lines").replaceChildren(...FIRST_ORDER.map(command));
    setInterval(() => document.hidden || this.list.again(), 15 * TICK);
  }

  /** Read the list anew, by what is sought now, and follow it; who has just sought something hears how much there is. */
  async begin({ sought = false } = {}) {
    this.isHeard = sought;
    if (sought) this.list.toTop();
    this.stop?.abort();
    const stop = (this.stop = new AbortController()), signal = stop.signal;
    this.known.clear();
    this.told("reading");
    await this.readAnew();
    if (signal.aborted) return;
    await follow(`v1/orders/stream?${this.filter()}`, { signal, take: (event, data) => this.take(event, data) });
  }

  /** Follow it no more, and leave nothing of it in the page. */
  end() {
    this.stop?.abort();
    this.known.clear();
    this.form.reset();
    this.list.clear();
    this.again();
  }

  mark(id) {
    this.list.mark(id);
  }

  filter() {
    const form = new FormData(this.form), query = new URLSearchParams();
    if (form.get("status")) query.append("status", form.get("status"));
    if (form.get("trouble")) query.append("trouble", "true");
    return query;
  }

  get words() {
    return (new FormData(this.form).get("search") ?? "").trim();
  }

  /** Read the first page in the place of what is there; what the stream tells from now on is newer. */
  readAnew() {
    this.next = undefined;
    this.reading = null;
    this.news.clear();
    return this.more();
  }

  /** Read the next page, once; then again as the end comes into sight. */
  async more() {
    const signal = this.stop.signal, query = this.filter();
    if (signal.aborted || this.reading || this.next === null) return;
    const mine = (this.reading = {});
    query.append("limit", PAGE);
    if (this.words) query.append("search", this.words);
    if (this.next) query.append("after", this.next);
    try {
      const page = await ask(`v1/orders?${query}`, { signal });
      if (this.reading !== mine) return;
      if (!this.next) this.known.clear();
      page.orders.forEach((each) => this.put(each));
      this.news.forEach((each, id) => (each ? this.put(each) : this.known.delete(id)));
      this.next = page.nextAfter;
      this.told("read");
    } catch (error) {
      if (signal.aborted || this.reading !== mine) return;
      const wrong = error.status >= 400 && error.status < 500 && error.status !== 429;
      this.told("failed", wrong ? error.message : `${error.message} Trying again…`);
      if (!wrong) setTimeout(() => signal.aborted || this.more(), 3 * TICK);
    } finally {
      if (this.reading === mine) this.reading = null;
    }
    this.again();
  }

  put(order) {
    this.statusesOf(order.status);
    this.known.set(order.orderId, order);
  }

  take(event, data) {
    if (event === "reset") return void this.readAnew();
    if (event === "order" && this.matches(data)) {
      this.put(data);
      this.news.set(data.orderId, data);
    } else if (event === "left") {
      this.known.delete(data.orderId);
      this.news.set(data.orderId, null);
    }
    this.again();
  }

  matches(order) {
    return !this.words || order.orderId.startsWith(this.words) || order.customerId === this.words;
  }

  /** Show the list, at most once a frame. */
  again() {
    this.showing ??= requestAnimationFrame(() => {
      this.showing = null;
      const orders = [...this.known.values()].sort((a, b) => (a.changedAt < b.changedAt ? 1 : -1));
      this.list.set(orders, !this.next);
      const length = `${orders.length.toLocaleString()}${this.next ? "+" : ""}`;
      say(byId("list-count"), length);
      if (this.isHeard && this.state === "read") {
        this.isHeard = false;
        byId("list-heard").textContent = `${length} orders`;
      }
      const none = this.state === "read" && !orders.length, sought = Boolean(this.words || this.filter().size);
      byId("list-empty").hidden = !none || !sought;
      document.body.dataset.list = none && !sought ? "empty" : "some";
      byId("first-order").hidden = !none || sought;
    });
  }

  statusesOf(status) {
    if (!status || this.statuses.has(status)) return;
    this.statuses.add(status);
    const options = [...this.statuses].sort().map((each) => el("option", { value: each }, inWords(each)));
    const choice = this.form.elements.status, chosen = choice.value;
    choice.replaceChildren(el("option", { value: "" }, "Any status"), ...options);
    choice.value = chosen;
  }

  told(state, words = "") {
    this.state = state;
    byId("list").setAttribute("aria-busy", String(state === "reading"));
    byId("list-error").hidden = state !== "failed";
    say(byId("list-error"), state === "failed" ? `The list cannot be read: ${words}` : "");
  }
}

/** Write an order into a row, whose elements are made once: rows are written anew with every frame of a scroll. */
function showRow(row, order) {
  if (!row.firstChild) row.append(el("span", { class: "row-id" }), el("time", { class: "row-when quiet" }), el("span"), el("span", { class: "row-who quiet" }));
  const [id, when, chip, who] = row.children;
  say(id, order.orderId);
  chip.className = `chip ${order.trouble ? "bad" : order.over ? "over" : "open"}`;
  say(chip, inWords(order.trouble || order.status || "not placed"));
  say(who, order.customerId ?? "nobody yet");
  when.dateTime = order.changedAt;
  say(when, ago(order.changedAt));
}
