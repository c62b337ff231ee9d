// Puts values into words.

const day = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3,
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "short" });
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const UNITS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

/** Give the words of a name such as `courier_arriving` or `deliveryTime`. */
export function inWords(name) {
  const words = String(name).replace(/(?<=[a-z0-9])(?=[A-Z])|[_\-.]+/g, " ").trim();
  const plain = words === name ? words : words.toLowerCase();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** Give the words of an event's type: `order.courier_assigned` is “Courier assigned”. */
export const ofType = (type) => inWords(type.slice(type.indexOf(".") + 1));

export const at = (moment) => exact.format(new Date(moment));
export const onDay = (moment) => day.format(new Date(moment));
export const ofClock = (seconds) => clock.format(new Date(seconds * 1000));
export const count = (value) => number.format(value);

/** Say how long ago something was, or when it will be; two clocks may be a second apart. */
export function ago(moment, now = Date.now()) {
  const apart = (new Date(moment) - now) / 1000, seconds = apart > 0 && apart < 2 ? 0 : apart;
  const [unit, size] = UNITS.find((each) => Math.abs(seconds) >= each[1]) ?? UNITS[3];
  return relative.format(Math.trunc(seconds / size), unit);
}

/** Give a duration: `7 ms`, `1.4 s`, `3 min`. */
export function lasting(milliseconds) {
  if (milliseconds < 1) return "<1 ms";
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 120000) return `${number.format(milliseconds / 1000)} s`;
  return `${Math.round(milliseconds / 60000)} min`;
}

/** Give the last characters of an id, which tell one from another. */
export const short = (id) => (id.length <= 12 ? id : `…${id.slice(-8)}`);
