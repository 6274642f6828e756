/* What is asked, as it stands in the page's address: so that it can be kept, sent on, and gone back to. It stands
   behind the #, which browsers keep to themselves. */

/**
 * @typedef {object} State
 * @property {string} q
 * @property {string} mode hybrid, dense or lexical
 * @property {string} where
 * @property {string} path
 * @property {string} since
 * @property {string} topic its number
 * @property {string} like a chunk's id: hits like this one, instead of an answer to `q`
 * @property {string} k
 * @property {string} view "" or map
 */

/** @type {State} what stands for "not said"; such parts are left out of the address */
const DEFAULTS = Object.freeze({
  q: "", mode: "hybrid", where: "", path: "", since: "", topic: "", like: "", k: "10", view: "",
});
const MODES = ["hybrid", "dense", "lexical"];
const MOST = 1000; // hits the server gives

/** @returns {State} */
export function readAddress() {
  const given = new URLSearchParams(location.hash.slice(1));
  const state = { ...DEFAULTS };
  for (const name of Object.keys(DEFAULTS)) state[name] = given.get(name) ?? DEFAULTS[name];
  if (!MODES.includes(state.mode)) state.mode = DEFAULTS.mode;
  if (!/^\d{1,4}$/.test(state.k) || Number(state.k) < 1 || Number(state.k) > MOST) state.k = DEFAULTS.k;
  if (state.view !== "map") state.view = "";
  return state;
}

/**
 * The address of a state, relative to this page.
 * @param {Partial<State>} state what it does not name is not said
 */
export function addressOf(state) {
  const said = Object.entries({ ...DEFAULTS, ...state }).filter(([name, value]) => value !== DEFAULTS[name]);
  const query = new URLSearchParams(said).toString();
  return query ? `./#${query}` : "./";
}

/**
 * Puts a state into the address.
 * @param {State} state
 * @param {boolean} isStep whether "back" should lead to what was there before
 */
export function writeAddress(state, isStep) {
  const address = addressOf(state);
  if (new URL(address, location.href).href === location.href) return;
  history[isStep ? "pushState" : "replaceState"](null, "", address);
}

/**
 * How many filters are set.
 * @param {State} state
 */
export const filterCount = (state) => [state.where, state.path, state.since].filter((text) => text.trim()).length;

/**
 * The state without question and filters.
 * @param {State} state
 * @returns {State}
 */
export const cleared = (state) => ({ ...DEFAULTS, mode: state.mode, view: state.view });
