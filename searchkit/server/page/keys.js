/* The keyboard. Every key that is listened to stands in the help as well. */

import { byId } from "./dom.js";
import { isOpen, titles } from "./hits.js";

/**
 * @typedef {object} Doings
 * @property {() => void} clear empties the question
 * @property {() => void} filters opens or closes the filters
 */

/** @param {Doings} doings */
export function listenToKeys(doings) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    const act = move(event) ?? (isTyping() ? null : letter(event.key, doings)) ?? (event.key === "Escape" ? back(doings) : null);
    if (!act) return;
    event.preventDefault();
    act();
  });
  byId("help-button").addEventListener("click", openHelp);
}

const openHelp = () => /** @type {HTMLDialogElement} */ (byId("help")).showModal();
const query = () => /** @type {HTMLInputElement} */ (byId("query"));

/** Whether letters go into a field. */
function isTyping() {
  const here = document.activeElement;
  return here instanceof HTMLInputElement && here.type !== "radio";
}

/** The title of the hit that has the focus, in it or on one of its buttons. */
const here = () => titles().find((title) => title.closest("li")?.contains(document.activeElement));

/**
 * @param {KeyboardEvent} event
 * @returns {(() => void) | null}
 */
function move(event) {
  const all = titles();
  const at = all.indexOf(here());
  const isInText = document.activeElement?.classList.contains("text");
  if (!all.length || isInText || (isTyping() && document.activeElement !== query())) return null;
  const isRadio = document.activeElement instanceof HTMLInputElement && document.activeElement.type === "radio";
  if (isRadio) return null;
  if (event.key === "ArrowDown" && at < all.length - 1) return () => focus(all[at + 1]);
  if (event.key === "ArrowUp" && at >= 0) return () => (at ? focus(all[at - 1]) : query().focus());
  if (isTyping()) return null;
  if (event.key === "Home") return () => focus(all[0]);
  if (event.key === "End") return () => focus(all[all.length - 1]);
  return null;
}

/** @param {HTMLElement} title */
function focus(title) {
  title.focus({ preventScroll: true });
  title.closest("li")?.scrollIntoView({ block: "nearest" });
}

/**
 * @param {string} key
 * @param {Doings} doings
 * @returns {(() => void) | null}
 */
function letter(key, doings) {
  const onHit = (what) => (here() ? () => here()?.closest("li")?.querySelector(`[data-act=${what}]`)?.click() : null);
  const known = {
    "/": () => { query().focus(); query().select(); },
    "?": openHelp,
    f: doings.filters,
    t: () => byId("theme").click(),
    m: onHit("like"),
    c: onHit("copy"),
  };
  return known[key] ?? null;
}

/**
 * What Escape undoes next: an open hit, being away from the question, the question.
 * @param {Doings} doings
 */
function back(doings) {
  const title = here();
  if (title && isOpen(title)) return () => { title.click(); focus(title); };
  if (document.activeElement !== query()) return () => query().focus();
  return query().value ? () => { query().value = ""; doings.clear(); } : null;
}
