// Says how things stand with an order and its cards, in words, with the next step; for those who may, as buttons.

import { ask, may } from "./api.js";
import { el, press } from "./dom.js";
import { symbol } from "./symbols.js";
import { ago, inWords, onDay } from "./words.js";

const CALM = new Set(["in_step", "unchanged", "over", "ended", "ended_by_person", "gone", "follows_channel"]);
/** What an event passes through on its way, most often within a blink. */
const PASSING = new Set(["folding", "order_waits", "matching", "spreading", "not_looked_at", "due", "under_way", "one_a_second"]), HELD = 1500;

/** Tell whether what was found of an order or a card changes by itself within a moment. */
export const passes = (finding) => PASSING.has(finding.reason);

/** Goes on giving what was found before, while what is found now may pass before one has read it. */
export class LastFound {
  constructor() {
    Object.assign(this, { given: new Map(), passingSince: new Map() });
  }

  /** Give what is to be shown of a subject, or of a card, of which this was found. */
  of(id, told) {
    const now = performance.now();
    if (passes(told.finding) && this.given.has(id)) {
      if (!this.passingSince.has(id)) this.passingSince.set(id, now);
      if (now - this.passingSince.get(id) < HELD) return this.given.get(id);
    } else this.passingSince.delete(id);
    this.given.set(id, told);
    return told;
  }
}

/** Give the explanation of an order, whose phones are called by `nameOf`; of the past only what was not to be known. */
export function explained(told, then, path, { nameOf, again, last }) {
  if (then) {
    return [
      el("p", { class: "past-note" }, `This is version ${then.recorded.version} of ${then.headVersion}.`,
        then.recorded.erased ? " Personal values have been erased since." : "", then.incomplete ? ` ${then.incomplete}` : ""),
      then.recorded.whyNot ? el("p", {}, then.recorded.whyNot) : null,
    ];
  }
  const release = may("admin") && ["quarantined", "held"].includes(told.finding.reason)
    ? [deed("Release the order", `${path}/release`, undefined, "It is folded again from what is recorded.", again)] : [];
  return [
    found("The order", last.of("", told), release),
    told.cards.map((card) => found(
      `Card on ${nameOf(card.deviceId)}`, last.of(card.cardId, card), may("admin") && card.phase !== "over" ? deedsOf(card, path, again) : [])),
    told.moreCards ? el("p", { class: "quiet" }, "There are more cards than are shown.") : null,
  ];
}

function deedsOf(card, path, again) {
  const body = { cardId: card.cardId };
  return [
    deed("Send again", `${path}/cards/resend`, body, "The card gets its newest state, whatever it was sent.", again),
    deed("End the card", `${path}/cards/end`, body, "It ends on the phone, whatever becomes of the order.", again),
  ];
}

function found(whose, { finding, perhaps = [], pictures = [] }, deeds) {
  const calm = CALM.has(finding.reason);
  return el("article", { class: `found ${calm ? "calm" : "busy"}`, "data-reason": finding.reason },
    el("h3", {}, whose, el("span", { class: "mark plain" }, inWords(finding.reason))),
    el("p", { class: "state" }, finding.state),
    el("p", { class: "quiet why" }, finding.why,
      el("span", { class: "when" },
        finding.since ? el("time", { datetime: finding.since, title: onDay(finding.since) }, `${finding.sinceWhat} ${ago(finding.since)}. `) : null,
        finding.until ? `It changes by itself ${ago(finding.until)}.` : null)),
    calm ? el("details", {}, el("summary", {}, "What to do if something is wrong"), steps(finding.nextStep)) : steps(finding.nextStep),
    perhaps.length ? el("details", {}, el("summary", {}, "If the phone shows something else"), el("ul", {}, perhaps.map((each) => el("li", {}, each)))) : null,
    pictures.length ? el("p", { class: "quiet" }, `Pictures that are not on the phone: ${pictures.map((each) => each.key).join(", ")}.`) : null,
    deeds.length ? el("div", { class: "acts" }, deeds) : null);
}

/** Give a line for each who acts, and commands as one copies them. */
function steps(text) {
  return el("ul", { class: "steps" }, text.split("\n").map((each) => {
    if (each.startsWith("    ")) return command(each.trim());
    const [, who, what] = /^([A-Z][^,:]*)([,:].*)$/.exec(each) ?? [null, null, each];
    return el("li", {}, who ? el("strong", {}, who) : null, what);
  }));
}

export function command(line) {
  const copy = el("button", { type: "button", class: "copy", "aria-label": `Copy: ${line}` }, symbol("copy", 16));
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(line);
    copy.classList.add("done");
  });
  return el("li", { class: "command" }, el("code", {}, line), copy);
}

/** A button that asks once more before it acts, and says what came of it. */
function deed(name, path, body, means, again) {
  const button = el("button", { type: "button", class: "deed", title: means }, name);
  let sure = false, timer = 0;
  const calm = () => { sure = false; button.textContent = name; button.classList.remove("sure"); };
  button.addEventListener("click", async () => {
    if (!sure) {
      sure = true;
      button.textContent = `${name}? Press again`;
      button.classList.add("sure");
      timer = setTimeout(calm, 4000);
      return;
    }
    clearTimeout(timer);
    await press(button, async () => {
      await ask(path, { method: "POST", body });
      button.textContent = "Done";
      await again();
    });
  });
  return button;
}
