// Makes elements. Texts are only ever placed as text, and styles by properties, as the page's policy wants it.

const SVG = "http://www.w3.org/2000/svg";
const CAN_BE_FOCUSED = "button, summary";

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

/**
 * Put new children in the place of the old ones. What says the same stays, and so does what somebody is about to do:
 * a button is replaced as a whole, if it says something else, since it hears other things then; so is a phone's screen,
 * as a phone draws it, and what is found for another reason.
 */
export function fill(place, ...children) {
  const wanted = children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false);
  const before = [...place.childNodes];
  wanted.forEach((each, index) => {
    const made = each instanceof Node ? each : document.createTextNode(each);
    if (index < before.length) patch(before[index], made);
    else place.append(made);
  });
  before.slice(wanted.length).forEach((each) => each.remove());
}

function patch(old, made) {
  if (old === made || old.isEqualNode(made) || old.classList?.contains("sure")) return;
  const isAnother = old.nodeName !== made.nodeName || old.nodeType !== Node.ELEMENT_NODE || old.matches("button, .screen")
    || old.dataset?.reason !== made.dataset?.reason;
  if (isAnother) return replace(old, made);
  // what somebody has opened stays open
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of made.attributes) {
    if (name === "style") old.style.cssText = made.style.cssText;
    else if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  fill(old, ...made.childNodes);
}

/** Put another element in the place of one; whoever was in it stays at what says the same, or at what stands there now. */
function replace(old, made) {
  const focused = old.nodeType === Node.ELEMENT_NODE && old.contains(document.activeElement) ? document.activeElement : null;
  old.replaceWith(made);
  if (!focused || made.nodeType !== Node.ELEMENT_NODE) return;
  const places = made.matches(CAN_BE_FOCUSED) ? [made] : [...made.querySelectorAll(CAN_BE_FOCUSED)];
  (places.find((each) => each.textContent === focused.textContent) ?? places[0])?.focus({ preventScroll: true });
}

/** Write a text, if it is another one: what is said once is not said again to those who hear the page. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Do what a button says, once; it says itself what went wrong. */
export async function press(button, work) {
  button.disabled = true;
  try {
    await work();
  } catch (error) {
    button.textContent = error.message;
  }
}

export const byId = (id) => document.getElementById(id);
