// Begins: lets somebody in, and shows what the address names: #/orders/ID?version=3 or #/health.

import { ask, enter, forget, goOn, hasKey, leave, may, redeem, Refused } from "./api.js";
import { beginDemo } from "./demo.js";
import { byId, say } from "./dom.js";
import { Health } from "./health.js";
import { Order } from "./order.js";
import { Orders } from "./orders.js";
import { symbol } from "./symbols.js";

const THEMES = ["auto", "light", "dark"], KEPT_THEME = "lockstep.theme", KEPT_PLACE = "lockstep.place";

let list = null, orders = null, order = null, health = null, layouts = new Map();

function theme(wanted) {
  localStorage.setItem(KEPT_THEME, wanted);
  document.documentElement.dataset.theme = wanted;
  byId("theme").replaceChildren(symbol(wanted === "light" ? "sun" : wanted === "dark" ? "moon" : "bolt"));
  byId("theme").title = `Colours: ${wanted}`;
}

function show(part) {
  document.body.dataset.view = part;
  for (const each of ["signed-out", "orders", "health"]) byId(each).hidden = each !== part;
  for (const [id, name] of [["to-orders", "orders"], ["to-health", "health"]]) {
    if (part === name) byId(id).setAttribute("aria-current", "page");
    else byId(id).removeAttribute("aria-current");
  }
}

function signedOut(words) {
  for (const each of [orders, order, health]) each?.end();
  orders = order = health = null;
  document.body.dataset.line = "closed";
  byId("line").textContent = "Not connected";
  byId("leave").hidden = byId("to-health").hidden = true;
  document.title = "Lockstep";
  show("signed-out");
  byId("sign-in-error").textContent = words;
  byId("sign-in-error").hidden = !words;
  byId("key").focus();
}

/** Begin with the ticket of the address, which is taken out of it; gives whether there is one. */
function enterByTicket() {
  const given = new URLSearchParams(location.hash.slice(1)), ticket = given.get("ticket");
  if (!ticket) return false;
  history.replaceState(null, "", location.pathname);
  letIn(redeem(ticket));
  return true;
}

async function letIn(entering) {
  for (const each of [orders, order, health]) each?.end();
  orders = order = health = null;
  try {
    await entering;
    layouts = new Map((await ask("v1/layouts")).layouts.map((each) => [each.attributesType, each.layout]));
  } catch (error) {
    return signedOut(error instanceof Refused ? error.message : "Lockstep cannot be reached. Is it running?");
  }
  byId("leave").hidden = false;
  const place = sessionStorage.getItem(KEPT_PLACE);
  sessionStorage.removeItem(KEPT_PLACE);
  if (place && !location.hash) history.replaceState(null, "", place);
  await beginDemo();
  orders = list ??= new Orders((id) => { location.hash = `#/orders/${encodeURIComponent(id)}`; });
  orders.begin();
  byId("to-health").hidden = !may("metrics:read");
  route();
}

function route() {
  if (!orders) return;
  const [path, query] = location.hash.slice(1).split("?");
  const [, part, id] = path.split("/");
  if (part === "health" && may("metrics:read")) {
    show("health");
    health ??= new Health();
    health.begin();
    return;
  }
  health?.end();
  show("orders");
  const wanted = id ? decoded(id) : null;
  const version = Number(new URLSearchParams(query).get("version")) || null;
  document.body.dataset.order = wanted ? "chosen" : "none";
  document.title = wanted ? `${wanted} · Lockstep` : "Lockstep";
  if (order?.id === wanted) return void (version !== order.travel.version && order.travel.go(version));
  order?.end();
  order = null;
  orders.mark(wanted);
  byId("order").hidden = !wanted;
  byId("no-order").hidden = Boolean(wanted);
  byId("detail").scrollTop = 0;
  stayInSight(wanted);
  if (!wanted) return;
  order = new Order(wanted, layouts, version);
  order.begin();
}

/** In a narrow window list and order take the place of one another: who is in what goes is led to what comes. */
function stayInSight(wanted) {
  const [list, back] = [byId("list"), document.querySelector(".back")];
  if (getComputedStyle(back).display === "none") return;
  if (wanted && document.activeElement === list) back.focus({ preventScroll: true });
  if (!wanted && document.activeElement === back) list.focus({ preventScroll: true });
}

/** Give an id of the address as it was written, if it cannot be decoded: there is no such order then. */
function decoded(id) {
  try {
    return decodeURIComponent(id);
  } catch (error) {
    if (error instanceof URIError) return id;
    throw error;
  }
}

byId("theme").addEventListener("click", () =>
  theme(THEMES[(THEMES.indexOf(document.documentElement.dataset.theme) + 1) % THEMES.length]));
byId("leave").addEventListener("click", () => {
  sessionStorage.removeItem(KEPT_PLACE);
  const left = leave();
  history.replaceState(null, "", location.pathname);
  signedOut("");
  left.catch(() => signedOut("You have left, but the key of your session could not be ended. It ends by itself; lockstep keys revoke ends it now."));
});
byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  letIn(enter(byId("key").value.trim()));
  byId("key").value = "";
});
addEventListener("hashchange", () => enterByTicket() || route());
addEventListener("lockstep:expired", () => {
  if (!orders) return;
  forget();
  // whoever signs in again in this tab is led back
  if (location.hash) sessionStorage.setItem(KEPT_PLACE, location.hash);
  signedOut("Your session has ended. Open the console again with lockstep console open, or enter a key: you come back to where you were.");
});
addEventListener("lockstep:line", (event) => {
  document.body.dataset.line = event.detail ? "open" : "lost";
  say(byId("line"), event.detail ? "Live" : "No connection. Trying again…");
});
addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.matches("input, select, textarea")) return;
  event.preventDefault();
  byId("search").focus();
});

theme(localStorage.getItem(KEPT_THEME) ?? "auto");
for (const each of document.querySelectorAll("[data-symbol]")) each.prepend(symbol(each.dataset.symbol, 18));
if (!enterByTicket()) {
  if (hasKey()) letIn(goOn());
  else signedOut("");
}
