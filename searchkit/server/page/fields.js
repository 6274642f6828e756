/* The question, the modes and the filters. */

import { filterCount } from "./address.js";
import { begins, ends } from "./busy.js";
import { byId, element, say } from "./dom.js";

const TYPED_MS = 140; // quiet before a question is asked
const FILTER_MS = 450; // before a filter is tried: half of one is an error
const FILTERS = ["path", "since", "where"];
const FIELDS = ["query", ...FILTERS];
const fieldOf = (name) => (name === "q" ? "query" : name);

/** @type {Map<string, number>} fields with something that was not told yet, and the timers that will tell it */
const typed = new Map();

/** @param {string} id */
const field = (id) => /** @type {HTMLInputElement} */ (byId(id));

/**
 * Tells what people enter.
 * @param {(change: object, isStep: boolean) => void} change
 */
export function listenToFields(change) {
  later("query", TYPED_MS, () => change({ q: field("query").value, like: "" }, false));
  for (const name of FILTERS) later(name, FILTER_MS, () => change({ [name]: field(name).value }, false));
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  for (const mode of modes()) mode.addEventListener("change", () => change({ mode: mode.value }, true));
  byId("filters-button").addEventListener("click", () => openFilters(byId("filters").hidden, true));
}

/**
 * Calls after some quiet, or at once on Enter.
 * @param {string} id of the field
 * @param {number} quietMs
 * @param {() => void} act
 */
function later(id, quietMs, act) {
  const input = field(id);
  const wait = (isWhole) => {
    clearTimeout(typed.get(id));
    typed.set(id, isWhole ? setTimeout(act, quietMs) : 0);
    begins("typing");
  };
  input.addEventListener("input", (event) => wait(!(/** @type {InputEvent} */ (event).isComposing)));
  input.addEventListener("compositionend", () => wait(true));
  input.addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.isComposing) act(); });
}

/**
 * What was typed and not told yet does not count any more, since something else was said of it.
 * @param {string[]} names of the state; those without a field are left out
 */
export function dropTyped(names) {
  for (const id of names.map(fieldOf)) {
    clearTimeout(typed.get(id));
    typed.delete(id);
  }
  if (!typed.size) ends("typing");
}

const modes = () => /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("input[name=mode]")]);

/**
 * @param {boolean} opens
 * @param {boolean} takesFocus
 */
function openFilters(opens, takesFocus) {
  byId("filters").hidden = !opens;
  byId("filters-button").setAttribute("aria-expanded", String(opens));
  if (opens && takesFocus) field(FILTERS[0]).focus();
}

/**
 * Shows a state in the fields, but for one that is being typed in.
 * @param {import("./address.js").State} state
 */
export function showFields(state) {
  const values = { query: state.q, path: state.path, since: state.since, where: state.where };
  for (const [name, value] of Object.entries(values)) {
    if (!typed.has(name) && field(name).value !== value) field(name).value = value;
  }
  for (const mode of modes()) mode.checked = mode.value === state.mode;
  const count = filterCount(state);
  byId("filters-label").textContent = count ? `Filters · ${count}` : "Filters";
  if (count && byId("filters").hidden) openFilters(true, false);
}

/** Takes all errors away from the fields. */
export function clearErrors() {
  for (const name of FIELDS) {
    say(byId(`${name}-error`), "");
    field(name).removeAttribute("aria-invalid");
  }
}

/**
 * Shows the server's words beside the field that they are about; lines after the first are a drawing of the place.
 * @param {{status: number, message: string, hint: string}} error
 * @param {import("./address.js").State} state
 * @returns {boolean} whether there is such a field
 */
export function showError(error, state) {
  if (error.status !== 400 && error.status !== 422) return false;
  const isAbout = (name) => new RegExp(`\\b${name}\\b`, "i").test(error.message.slice(0, 40));
  const given = FILTERS.filter((name) => state[name].trim());
  const name = given.find(isAbout) ?? (given.length === 1 ? given[0] : given.includes("where") ? "where" : "query");
  clearErrors();
  const [first, ...drawn] = error.message.split("\n");
  const holder = byId(`${name}-error`);
  holder.replaceChildren(first, ...(drawn.length ? [element("code", {}, drawn.join("\n"))] : []), error.hint ? `\n${error.hint}` : "");
  holder.hidden = false;
  field(name).setAttribute("aria-invalid", "true");
  return true;
}
