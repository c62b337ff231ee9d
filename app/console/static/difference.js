// Writes JSON, a field a line, and marks what differs from the JSON before.

import { el } from "./dom.js";

/**
 * Give the lines of a value, and those of what was there before it.
 * @param before Undefined: it is not known, so nothing is marked.
 */
export function differences(before, after) {
  const rows = [];
  walk("", before, after, 0, "", rows, before !== undefined);
  return rows.map(({ text, depth, mark }) => el("span", { class: `json-line ${mark}`, style: { "--depth": depth } },
    mark === "added" ? el("ins", {}, text) : mark === "removed" ? el("del", {}, text) : text));
}

function walk(name, before, after, depth, comma, rows, known) {
  const label = name === "" ? "" : `${JSON.stringify(name)}: `;
  const say = (text, mark = "") => rows.push({ text, depth, mark });
  if (known && same(before, after)) return write(label, after, depth, comma, rows, "");
  if (isGroup(after) && isGroup(before) && Array.isArray(after) === Array.isArray(before)) {
    const list = Array.isArray(after);
    say(`${label}${list ? "[" : "{"}`);
    const names = list ? [...Array(Math.max(after.length, before.length)).keys()]
      : [...new Set([...Object.keys(before), ...Object.keys(after)])];
    names.forEach((each, index) => walk(list ? "" : each, before[each], after[each], depth + 1, index < names.length - 1 ? "," : "", rows, known));
    return say(`${list ? "]" : "}"}${comma}`);
  }
  if (known && before !== undefined && before !== null) write(label, before, depth, comma, rows, "removed");
  if (after !== undefined) write(label, after, depth, comma, rows, known ? "added" : "");
}

function write(label, value, depth, comma, rows, mark) {
  const lines = JSON.stringify(value, null, 1).split("\n");
  if (lines.length > 1 && !lines.slice(1, -1).some((each) => /[[{]/.test(each)) && lines.length <= 5) {
    rows.push({ text: `${label}${JSON.stringify(value)}${comma}`, depth, mark });
    return;
  }
  lines.forEach((each, index) => {
    const indented = each.length - each.trimStart().length;
    rows.push({ text: `${index ? "" : label}${each.trim()}${index === lines.length - 1 ? comma : ""}`, depth: depth + indented, mark });
  });
}

const isGroup = (value) => typeof value === "object" && value !== null;

function same(one, other) {
  if (one === other) return true;
  if (!isGroup(one) || !isGroup(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((each) => same(one[each], other[each]));
}
