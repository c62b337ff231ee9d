// The symbols that a card's layout may name, drawn with lines alone, in the colour of the text.

import { svg } from "./dom.js";

const PATHS = {
  bag: "M5 8h14l-1 12H6L5 8Zm4 3V7a3 3 0 0 1 6 0v4",
  bell: "M6 17V11a6 6 0 0 1 12 0v6l2 2H4l2-2Zm4 2a2 2 0 0 0 4 0",
  bicycle: "M6 19a4 4 0 1 1 0-8 4 4 0 0 1 0 8Zm12 0a4 4 0 1 1 0-8 4 4 0 0 1 0 8ZM6 15l4-7h5l3 7m-3-7-4 7H6m3-10h3",
  box: "M4 8l8-4 8 4v8l-8 4-8-4V8Zm0 0 8 4 8-4m-8 4v8",
  check: "M4 13l5 5L20 6",
  clock: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18Zm0-14v5l3 3",
  cross: "M6 6l12 12M18 6L6 18",
  door: "M6 21V4h12v17M4 21h16m-6-9v1",
  film: "M4 5h16v14H4V5Zm4 0v14m8-14v14M4 9.5h4m-4 5h4m8-5h4m-4 5h4",
  ball: "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18Zm0-13 4 3-1.5 5h-5L8 11l4-3Zm0-5v5m8 1-4 2m-1.5 5 3 3m-10-3-3 3m.500-8-4-2",
  fork: "M8 3v6a2 2 0 0 1-4 0V3m2 0v18M17 3c-2 1-3 4-3 7v3h3m0-10v18",
  sun: "M12 16a4 4 0 1 1 0-8 4 4 0 0 1 0 8Zm0-13v2m0 14v2M3 12h2m14 0h2M5.6 5.6l1.5 1.5m9.8 9.8 1.5 1.5m0-12.8-1.5 1.5m-9.8 9.8-1.5 1.5",
  moon: "M20 14A8 8 0 0 1 10 4a8 8 0 1 0 10 10Z",
  copy: "M9 9h11v11H9V9ZM5 15H4V4h11v1",
  phone: "M7 3h10v18H7V3Zm4 15h2",
  pulse: "M3 12h4l3-8 4 16 3-8h4",
  list: "M8 6h13M8 12h13M8 18h13M3 6h.010M3 12h.010M3 18h.010",
  search: "M11 18a7 7 0 1 1 0-14 7 7 0 0 1 0 14Zm5-2 5 5",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6l1-7Z",
  back: "M15 5l-7 7 7 7",
};

/** Draw a symbol; one that is not known is a dot. */
export function symbol(name, size = 20) {
  const path = PATHS[name] ?? "M12 13a1 1 0 1 1 0-2 1 1 0 0 1 0 2Z";
  return svg("svg", { viewBox: "0 0 24 24", width: size, height: size, class: "symbol", "aria-hidden": "true" },
    svg("path", { d: path }));
}
