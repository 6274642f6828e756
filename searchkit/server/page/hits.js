/* Hits as a list: closed with an excerpt, opened with the whole chunk and what stands around it. */

import { button, byId, element } from "./dom.js";
import { aroundBest, closeness, excerpt, line, placeOf } from "./words.js";

const ABOVE_PX = 130; // of what stands before the best sentence, when a hit is opened
const COPIED_MS = 1600;
const HEADINGS_BETWEEN = " › ";

/**
 * @typedef {object} Actions
 * @property {(hit: import("./api.js").Hit) => void} like "more like this" was chosen
 */

/**
 * @typedef {object} Shown a hit on the page
 * @property {import("./api.js").Hit} hit
 * @property {boolean} isMarked whether its snippet is its best sentence, and marked as such
 * @property {HTMLElement} short its excerpt
 * @property {HTMLElement} body what is seen when it is open
 */

/** @type {Map<number, Shown>} by chunk */
const shown = new Map();
let drawn = "";

/**
 * Shows hits in place of those before. What was open stays open, what had the focus keeps it.
 * @param {import("./api.js").Hit[]} hits
 * @param {Actions} actions
 */
export function showHits(hits, actions) {
  const now = JSON.stringify(hits);
  if (now === drawn) return;
  drawn = now;
  const open = new Set(titles().filter(isOpen).map((title) => title.dataset.id));
  const focused = document.activeElement?.closest?.("#hits .title")?.dataset.id;
  shown.clear();
  byId("hits").replaceChildren(...hits.map((hit) => item(hit, actions)));
  for (const title of titles()) {
    if (open.has(title.dataset.id)) title.click();
    if (title.dataset.id === focused) title.focus();
  }
}

/**
 * Marks the best sentences of the hits that are shown.
 * @param {import("./api.js").Hit[]} hits the same, with their best sentence as snippet
 */
export function showBest(hits) {
  for (const hit of hits) {
    const one = shown.get(hit.id);
    if (!one || one.hit.text !== hit.text) continue;
    Object.assign(one, { hit: { ...one.hit, snippet: hit.snippet }, isMarked: true });
    one.short.replaceChildren(...excerptNodes(one));
    if (one.body.hasChildNodes()) one.body.replaceChildren(...inside(one));
  }
}

/** The titles of the hits, which are what is moved between and opened. */
export const titles = () => /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#hits .title")]);

/** @param {HTMLElement} title */
export const isOpen = (title) => title.getAttribute("aria-expanded") === "true";

/**
 * @param {import("./api.js").Hit} hit
 * @param {Actions} actions
 * @returns {HTMLElement}
 */
function item(hit, actions) {
  const close = closeness(hit);
  const body = element("div.reader", { id: `hit-${hit.id}`, hidden: true });
  const title = button(titleOf(hit), () => toggle(title, one), {
    class: "title", "aria-expanded": "false", "aria-controls": body.id, "data-id": String(hit.id), dir: "auto",
  });
  const short = element("p.excerpt", { dir: "auto" });
  const one = { hit, isMarked: false, short, body };
  shown.set(hit.id, one);
  short.append(...excerptNodes(one));
  const made = element("li.hit", { "data-id": hit.id },
    element("div.head", {}, element("h2", {}, title), element("span.close", { title: close.long }, close.short,
      element("span.unseen", {}, `: ${close.long}`))),
    headingsOf(hit), short, body, footOf(hit, actions));
  short.addEventListener("click", () => { if (!String(getSelection())) title.click(); });
  return made;
}

/** @param {import("./api.js").Hit} hit */
const titleOf = (hit) => line(hit.title) || line(hit.heading_path.at(-1) ?? "") || placeOf(hit);

/** The headings above a hit, but for one that is its title already. */
function headingsOf(hit) {
  const headings = hit.heading_path.map(line).filter((heading) => heading && heading !== titleOf(hit));
  return headings.length ? element("p.headings", { dir: "auto" }, headings.join(HEADINGS_BETWEEN)) : null;
}

/** @param {Shown} one */
function excerptNodes({ hit, isMarked }) {
  const { cut, best, rest } = excerpt(hit);
  return [cut ? "… " : "", isMarked && best ? element("mark", {}, best) : best, rest];
}

/** The place of a hit, and what can be done with it. */
function footOf(hit, actions) {
  const place = placeOf(hit);
  const copy = button("Copy place", async () => {
    await navigator.clipboard.writeText(place).then(() => (copy.textContent = "Copied"), () => (copy.textContent = "Not allowed"));
    setTimeout(() => (copy.textContent = "Copy place"), COPIED_MS);
  }, { class: "act", "data-act": "copy" });
  const like = button("More like this", () => actions.like(hit), { class: "act", "data-act": "like" });
  const alike = hit.alike.length ? element("span.soft", {}, `and ${hit.alike.length} nearly the same`) : null;
  return element("p.foot", {}, element("bdi.place", {}, place), alike, element("span.acts", {}, like, copy));
}

/**
 * Opens or closes a hit.
 * @param {HTMLElement} title
 * @param {Shown} one
 */
function toggle(title, one) {
  const opens = !isOpen(title);
  title.setAttribute("aria-expanded", String(opens));
  one.body.hidden = !opens;
  one.short.hidden = opens;
  if (opens && !one.body.hasChildNodes()) one.body.append(...inside(one));
  if (opens) bringUp(one.body);
}

/**
 * Scrolls what is open so that the best sentence is seen, or else the chunk's beginning.
 * @param {HTMLElement} body
 */
function bringUp(body) {
  const text = /** @type {HTMLElement} */ (body.firstElementChild);
  const best = /** @type {HTMLElement} */ (text.querySelector("mark") ?? text.querySelector(".chunk"));
  text.scrollTop = best.offsetTop - ABOVE_PX;
}

/**
 * The whole chunk between its neighbours, and what is known of its document.
 * @param {Shown} one
 * @returns {HTMLElement[]}
 */
function inside({ hit, isMarked }) {
  const [start, best, end] = isMarked ? aroundBest(hit) : [hit.text, "", ""];
  const text = element(isCode(hit) ? "div.text.code" : "div.text", { dir: "auto", tabindex: "0", role: "region", "aria-label": "The passage and its surroundings" },
    hit.context_before ? element("span.around", {}, hit.context_before) : null,
    element("span.chunk", {}, start, best ? element("mark", {}, best) : null, end),
    hit.context_after ? element("span.around", {}, hit.context_after) : null);
  const facts = Object.entries(hit.metadata).map(([name, value]) =>
    element("div", {}, element("dt", { dir: "auto" }, line(name)), element("dd", { dir: "auto" }, line(inWords(value)))));
  return facts.length ? [text, element("dl.facts", {}, ...facts)] : [text];
}

/**
 * Whether the columns of a text mean something.
 * @param {import("./api.js").Hit} hit
 */
const isCode = (hit) => hit.metadata.format === "code";

/** @param {unknown} value of a document's metadata */
const inWords = (value) => (typeof value === "string" ? value : JSON.stringify(value));
