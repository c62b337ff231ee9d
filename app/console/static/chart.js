// A small line over the last minutes.

import { el, svg } from "./dom.js";

const WIDTH = 120, HEIGHT = 40;

export class Chart {
  /** @param name What it shows; `words` puts a value into words, `warns` tells whether one is a reason to look. */
  constructor(place, name, { words, warns = () => false }) {
    Object.assign(this, { words, warns, values: [] });
    this.value = el("b", {}, "–");
    this.path = svg("path");
    this.most = el("span", { class: "quiet" });
    this.panel = el("div", { class: "panel chart" }, el("span", {}, name), this.value,
      svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": `${name} over the last minutes` }, this.path),
      this.most);
    place.append(this.panel);
  }

  /** Take the next value; null is one that is not known. */
  add(value) {
    this.values.push(value);
    if (this.values.length > WIDTH) this.values.shift();
    const known = this.values.filter((each) => each !== null), most = Math.max(...known, 0);
    const y = (each) => HEIGHT - 2 - (most ? (each / most) * (HEIGHT - 4) : 0);
    let pen = "M";
    this.path.setAttribute("d", this.values.map((each, index) => {
      if (each === null) { pen = "M"; return ""; }
      const said = `${pen}${WIDTH - this.values.length + index} ${y(each).toFixed(1)}`;
      pen = "L";
      return said;
    }).join(""));
    this.value.textContent = value === null ? "–" : this.words(value);
    this.most.textContent = known.length ? `at most ${this.words(most)}` : "";
    this.panel.classList.toggle("warn", value !== null && this.warns(value));
  }
}
