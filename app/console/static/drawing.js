// Draws a card by the layout that comes with its definition. What a layout is, docs/cards.md says.

import { el } from "./dom.js";
import { symbol } from "./symbols.js";
import { inWords, ofClock } from "./words.js";

const FIELD = /\{([^{}]+)\}/g;
const ONE_FIELD = /^\{([^{}]+)\}$/;
const LATEST = 8.64e12;

/**
 * Draw some blocks.
 * @param blocks Of a layout; null for none.
 * @param content What they may name: `contentState`, `attributes`, within a list `item`; and the layout's `words`.
 * @returns {Element[]} Blocks whose fields are all absent are left out.
 */
export function draw(blocks, content) {
  return (blocks ?? []).map((each) => DRAWN[each.show]?.(each, content)).filter(Boolean);
}

const DRAWN = {
  text(block, content) {
    const text = written(block.value, content, block.words);
    return text && el("span", { class: `card-text ${block.style}` }, text);
  },
  time(block, content) {
    const seconds = field(block.value, content);
    if (!isTime(seconds)) return null;
    const [first, second] = ofTime(block.style, seconds);
    return el("time", { class: "card-time", datetime: new Date(seconds * 1000).toISOString() },
      block.label ? el("span", { class: "caption" }, block.label) : null, el("span", {}, first),
      second ? el("span", { class: "caption" }, second) : null);
  },
  progress(block, content) {
    const value = field(block.value, content);
    if (typeof value !== "number") return null;
    const part = Math.min(Math.max(value / (block.whole || 1), 0), 1);
    const bar = { class: "card-progress", role: "progressbar", "aria-label": "Progress", "aria-valuenow": Math.round(part * 100),
      "aria-valuemin": 0, "aria-valuemax": 100, style: { "--part": part } };
    const points = block.points ? Array.from({ length: block.points }, (_, point) =>
      el("i", { class: part >= point / Math.max(block.points - 1, 1) - 0.001 ? "reached" : undefined })) : [];
    return el("span", bar, el("b"), points);
  },
  picture(block, content) {
    const name = field(block.value, content);
    if (name === undefined && !block.symbol) return null;
    const made = el("span", { class: "card-picture" }, symbol(block.symbol || "box", 22));
    if (name !== undefined) made.title = `The picture ${name}`;
    return made;
  },
  steps(block, content) {
    const given = field(block.value, content);
    const steps = Array.isArray(given) ? given.filter((each) => typeof each?.step === "string") : [];
    if (!steps.length) return null;
    return el("ol", { class: "card-steps" }, steps.slice(-block.most).map((each) =>
      el("li", {}, el("span", {}, said(each.step, content)), isTime(each.at) ? el("time", {}, ofClock(each.at)) : null)));
  },
  row: (block, content) => group("card-row", block, content),
  column: (block, content) => group("card-column", block, content),
  each(block, content) {
    const items = field(block.value, content);
    if (!Array.isArray(items) || !items.length) return null;
    return el("span", { class: "card-column" },
      items.slice(0, block.most).map((item) => draw(block.blocks, { ...content, item })));
  },
};

/** Whether a value is a time that there is, in Unix seconds: contents may hold whatever their sender gave. */
const isTime = (value) => typeof value === "number" && Math.abs(value) <= LATEST;

function group(name, block, content) {
  const drawn = draw(block.blocks, content);
  return drawn.length ? el("span", { class: name }, drawn) : null;
}

function written(template, content, inLayoutsWords) {
  let named = 0, found = 0;
  const text = template.replace(FIELD, (_, path) => {
    named += 1;
    const words = worded(at(path, content), inLayoutsWords && content);
    if (words) found += 1;
    return words;
  });
  return named && !found ? null : text.trim() || null;
}

const said = (value, content) => (Object.hasOwn(content.words ?? {}, value) ? content.words[value] : inWords(value));

/** Give a value in words, by those of the layout if `content` is given; a record has none. */
function worded(value, content) {
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return value.map((each) => worded(each, content)).filter(Boolean).join(", ");
  if (value === undefined || value === null || typeof value === "object") return "";
  return content ? said(value, content) : String(value);
}

function field(template, content) {
  const path = template && ONE_FIELD.exec(template)?.[1];
  const value = path ? at(path, content) : undefined;
  return value ?? undefined;
}

const at = (path, content) => path.split(".").reduce((value, name) => value?.[name], content);

function ofTime(style, seconds) {
  const minutes = Math.round(seconds - Date.now() / 1000) / 60;
  const clock = ofClock(seconds), left = minutes > 90 || minutes < -1 ? clock : `${Math.max(Math.ceil(minutes), 0)} min`;
  if (style === "clock") return [clock];
  return style === "countdown" || left === clock ? [left] : [left, clock];
}
