// How Lockstep fares: small charts of the last minutes, what Apple and Google answered, and what is paused.

import { ask, may, rest } from "./api.js";
import { Chart } from "./chart.js";
import { byId, el, fill, press, say } from "./dom.js";
import { command } from "./findings.js";
import { ago, count, inWords, lasting } from "./words.js";

const EVERY = 1000, LATE_SECONDS = 5;

export class Health {
  constructor() {
    const place = byId("charts"), rate = { words: (each) => `${count(each)}/s` }, seconds = { words: (each) => lasting(each * 1000), warns: (each) => each > LATE_SECONDS };
    place.replaceChildren();
    this.charts = {
      appended: new Chart(place, "Events recorded", rate),
      folded: new Chart(place, "Events folded", rate),
      lagSeconds: new Chart(place, "Lag of the fold", seconds),
      cardsDue: new Chart(place, "Cards due", { words: count }),
      oldestDueSeconds: new Chart(place, "Oldest card due", seconds),
      pushes: new Chart(place, "Pushes answered", { words: (each) => `${count(each)}/min` }),
    };
  }

  /** Read once a second as long as somebody looks. */
  async begin() {
    if (this.stop && !this.stop.signal.aborted) return;
    const { signal } = (this.stop = new AbortController());
    while (!signal.aborted) {
      if (!document.hidden) await this.read(signal);
      await rest(EVERY, signal);
    }
  }

  end() {
    this.stop?.abort();
  }

  async read(signal) {
    try {
      const figures = await ask("v1/health/figures", { signal });
      this.show(figures);
      byId("health-error").hidden = true;
    } catch (error) {
      if (signal.aborted) return;
      for (const each of Object.values(this.charts)) each.add(null);
      say(byId("health-error"), `The figures cannot be read: ${error.message} Trying again…`);
      byId("health-error").hidden = false;
      this.before = null;
    }
  }

  show(figures) {
    const { charts } = this, answered = figures.pushes.reduce((sum, each) => sum + each.count, 0);
    const rates = { appended: figures.appended, folded: figures.folded };
    const passed = this.before && (new Date(figures.at) - new Date(this.before.figures.at)) / 1000;
    if (passed) for (const [name, value] of Object.entries(rates)) charts[name].add(Math.max(value - this.before.figures[name], 0) / passed);
    charts.lagSeconds.add(figures.lagSeconds);
    charts.cardsDue.add(figures.cardsDue);
    charts.oldestDueSeconds.add(figures.oldestDueSeconds);
    charts.pushes.add((60 * answered) / figures.overSeconds);
    if (!this.before || passed) this.before = { figures };
    fill(byId("reasons"), figures.pushes.length ? figures.pushes.map((each) => el("tr", { class: each.outcome },
      el("td", {}, each.reason ? `${inWords(each.outcome)}: ${each.reason}` : inWords(each.outcome)), el("td", {}, count(each.count))))
      : el("tr", {}, el("td", { colspan: 2, class: "nothing" }, "No push was answered in the last minutes.")));
    fill(byId("pauses"), figures.pauses.length ? figures.pauses.map((each) => this.pause(each))
      : el("p", { class: "quiet" }, "Nothing is paused."));
  }

  pause(paused) {
    const lift = el("button", { type: "button", onclick: (event) => press(event.currentTarget, () =>
      ask(`v1/pauses/${paused.kind}/${encodeURIComponent(paused.key)}`, { method: "DELETE" })) }, "Resume");
    return el("article", { class: "found" }, el("h3", {}, `${inWords(paused.kind)} ${paused.key === "*" ? "" : paused.key}`),
      el("p", {}, paused.reason), el("p", { class: "quiet" }, `Since ${ago(paused.pausedAt)}${paused.until ? `, until ${ago(paused.until)}` : ""}`),
      el("ul", { class: "steps" }, command(paused.resume)), may("admin") ? el("div", { class: "acts" }, lift) : null);
  }
}
