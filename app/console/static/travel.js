// Time travel: a slider over the versions of an order; phones, JSON, size and difference follow.

import { ask } from "./api.js";
import { byId, el, fill } from "./dom.js";
import { differences } from "./difference.js";
import { count, ofType, onDay } from "./words.js";

const LIMIT = 4096, KEPT = 200;

export class Travel {
  /**
   * @param path Of the order.
   * @param version Where to be; null for now.
   * @param show Called when another version is to be shown.
   */
  constructor(path, version, show) {
    Object.assign(this, { path, version, changed: show, state: null, states: new Map(), head: 0 });
    this.slider = byId("slider");
    this.slider.oninput = () => this.go(Number(this.slider.value));
    byId("to-now").onclick = () => this.go(null);
    if (version) this.go(version);
  }

  /** Take up how far the order has come. */
  reach(told) {
    if (told.version !== this.head) this.states.delete(told.version);
    this.head = told.version;
    this.events = new Map(told.events.map((each) => [each.version, each]));
    this.slider.max = Math.max(told.version, 1);
    if (this.version === null) this.slider.value = told.version;
    byId("travel").hidden = told.version < 1;
  }

  /** Look at a version; the newest, or null, is now. */
  async go(version) {
    const wanted = version === null || (this.head && version >= this.head) ? null : version;
    this.version = wanted;
    const query = wanted ? `?version=${wanted}` : "";
    history.replaceState(null, "", `${location.hash.split("?")[0]}${query}`);
    this.slider.value = wanted ?? this.head;
    if (wanted === null) {
      this.state = null;
      return this.changed();
    }
    try {
      const [state] = await Promise.all([this.read(wanted), wanted > 1 ? this.read(wanted - 1) : null]);
      if (this.version !== wanted) return;
      this.state = state;
    } catch (error) {
      byId("json-note").textContent = error.message;
      return;
    }
    this.changed();
  }

  async read(version) {
    if (!this.states.has(version)) {
      const state = await this.complete(await ask(`${this.path}/state?version=${version}`));
      if (this.states.size >= KEPT) this.states.delete(this.states.keys().next().value);
      this.states.set(version, state);
    }
    return this.states.get(version);
  }

  /** Where what was sent is not kept, since nothing in it was personal, put in what was to be shown; give the state. */
  async complete(state) {
    for (const { accepted } of state.cards) {
      if (!accepted || accepted.contentState) continue;
      const known = accepted.version === state.recorded.version ? state.recorded : this.events?.get(accepted.version)?.after;
      const { contentState, contentBytes } = known ?? (await this.read(accepted.version)).recorded;
      Object.assign(accepted, { contentState, contentBytes });
    }
    return state;
  }

  /** Leave nothing of the order in the page. */
  clear() {
    for (const each of ["slider-told", "json-note", "json"]) byId(each).replaceChildren();
    this.slider.removeAttribute("aria-valuetext");
  }

  /** Show the JSON, its size, and what differs from the version before. */
  show(recordedNow) {
    const recorded = this.state?.recorded ?? recordedNow, version = recorded.version;
    const event = this.events.get(version);
    byId("to-now").disabled = this.version === null;
    byId("slider-told").textContent = `Version ${version} of ${this.head}`
      + (event ? `: ${ofType(event.type)}, ${onDay(event.recordedAt)}` : "");
    this.slider.setAttribute("aria-valuetext", byId("slider-told").textContent);
    const before = this.events.get(version - 1)?.after?.contentState ?? this.states.get(version - 1)?.recorded.contentState;
    byId("json-note").textContent = recorded.contentState
      ? `${count(recorded.contentBytes)} of ${count(LIMIT)} bytes, without what a push adds` : "";
    byId("json-bytes").value = recorded.contentBytes;
    fill(byId("json"), recorded.contentState ? differences(before ?? (version === 1 ? null : undefined), recorded.contentState) : el("span", { class: "said" }, recorded.whyNot ?? "–"));
  }
}
