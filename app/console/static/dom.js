// Makes elements. Texts are only ever placed as text, and styles by properties, as the page's policy wants it.

const SVG = "http://www.w3.org/2000/svg";

/** Make an element: `el("p", { class: "quiet", onclick: act }, "words", another)`. */
export function el(name, attributes = {}, ...children) {
  return dress(document.createElement(name), attributes, children);
}

/** Make an element of a drawing. */
export function svg(name, attributes = {}, ...children) {
  return dress(document.createElementNS(SVG, name), attributes, children);
}

function dress(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, each] of Object.entries(value)) made.style.setProperty(key, each);
    else if (name === "value") made.value = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

/** Put new children in the place of the old ones, unless they say the same: what somebody reads or holds stays. */
export function fill(place, ...children) {
  const wanted = children.flat(Infinity).filter(Boolean);
  const before = [...place.childNodes];
  wanted.forEach((each, index) => {
    const old = before[index];
    if (!old) place.append(each);
    else if (old !== each && !(old.isEqualNode?.(each) && !hears(each))) old.replaceWith(each);
  });
  before.slice(wanted.length).forEach((each) => each.remove());
}

/** Tell whether something in it listens: such nodes are never taken for equal. */
function hears(node) {
  return node.nodeType === 1 && (node.matches(HEARING) || node.querySelector(HEARING) !== null);
}

const HEARING = "button, input, select, textarea";

export const byId = (id) => document.getElementById(id);
