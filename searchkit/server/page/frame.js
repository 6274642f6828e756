/* The map: fetches its data, then starts its script, which is the one that `searchkit map` puts into a file. */
/* global map, placeOf, setTheme */

import { addressOf } from "./address.js";
import { Refused, askText } from "./api.js";
import { byId, element } from "./dom.js";
import { search } from "./mapsearch.js";
import { themeNow } from "./themes.js";

const DATA = /id="data">([A-Za-z0-9+/=\s]*)</; // in the page that /map gives
const GLOB_SIGNS = /[*?[]/g;

/** Fetches the map, again and again while the server is at it. */
async function fetchMap() {
  for (;;) {
    try {
      return await askText("../map");
    } catch (error) {
      if (!(error instanceof Refused) || !error.retryS) throw error;
      await new Promise((rested) => setTimeout(rested, error.retryS * 1000));
    }
  }
}

/** Puts the data of the map, which are base64, where the script looks for them. */
async function start() {
  byId("notice").textContent = "Drawing the map. The first time, and after changes, this can take a minute.";
  byId("data").textContent = DATA.exec(await fetchMap())?.[1] ?? "";
  const script = element("script", { src: "map.js" });
  script.addEventListener("load", () => Object.assign(window, { placeElement, search }));
  document.body.append(script);
}

/**
 * What stands for the place of a point, instead of `map.js`'s own: a link to its passage among the hits.
 * @param {number} i
 */
function placeElement(i) {
  const file = map.files[map.file[i]].name.replace(GLOB_SIGNS, "[$&]");
  const address = addressOf({ q: map.snippets[i].replace(/…$/, ""), path: map.line[i] ? file : "" });
  return element("a", { href: `../${address}`, target: "_parent" }, placeOf(i));
}

let taken = "";

/** Asks the question that stands in the page's address, once each time that it is another one. */
function takeQuestion() {
  const question = new URLSearchParams(parent.location.hash.slice(1)).get("q") ?? "";
  if (!byId("notice").hidden || question === taken) return;
  taken = question;
  /** @type {HTMLInputElement} */ (byId("query")).value = question;
  void search();
}

/** Shows the map as light or dark as the page around it. */
function matchTheme() {
  const theme = themeNow(parent.document);
  if (typeof setTheme === "function" && document.documentElement.dataset.theme !== theme) setTheme(theme);
}

document.documentElement.dataset.theme = themeNow(parent.document);
for (const act of [matchTheme, takeQuestion]) {
  new MutationObserver(act).observe(byId("notice"), { attributeFilter: ["hidden"] }); // hidden once it is drawn
}
addEventListener("shown", takeQuestion);
Object.assign(byId("query"), { placeholder: "Ask in plain words", ariaLabel: "Question, answered on the map" });
parent.addEventListener("themechange", matchTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTimeout(matchTheme)); // after map.js
start().catch((error) => { byId("notice").textContent = [error.message, error.hint].filter(Boolean).join("\n"); });
