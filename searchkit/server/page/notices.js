/* What stands in place of hits: a beginning, an end, a failure. */

import { begins, ends } from "./busy.js";
import { button, byId, element } from "./dom.js";
import { counted } from "./words.js";

/**
 * @param {string} kind
 * @param {string} title
 * @param {...(Node | string | null)} rest
 */
function notice(kind, title, ...rest) {
  const holder = byId("notice");
  const made = element("div", {}, element("h2", {}, title), ...rest);
  const isSame = holder.dataset.kind === kind && holder.textContent === made.textContent;
  if (!holder.hidden && isSame) return; // read out once, and its button stays under the pointer
  holder.dataset.kind = kind;
  holder.setAttribute("role", kind === "bad" ? "alert" : "note");
  holder.replaceChildren(...made.childNodes);
  holder.hidden = false;
}

export function hideNotice() {
  byId("notice").hidden = true;
  document.body.classList.remove("stale");
}

/** @param {boolean} isOn */
export function showLoading(isOn) {
  byId("hits").setAttribute("aria-busy", String(isOn));
  (isOn ? begins : ends)("asking");
}

/** @param {{chunks: number, documents: number, name: string} | null} index */
export function showStart(index) {
  if (!index) return hideNotice();
  notice("start", "What would you like to know?",
    element("p", {}, `Ask ${counted(index.documents, "document")} in plain words. Hits come as you type, the closest in meaning first.`),
    element("p.hints", {}, element("span", {}, element("kbd", {}, "↓"), " to the hits"),
      element("span", {}, element("kbd", {}, "Enter"), " opens one"), element("span", {}, element("kbd", {}, "?"), " all keys")));
}

export function showEmptyIndex() {
  notice("start", "This index is empty", element("p", {}, "Put a folder into it, then ask again: ", element("code", {}, "searchkit index FOLDER")));
}

/**
 * @param {boolean} isFarOff whether the server says that nothing is close
 * @param {import("./address.js").State} state
 * @param {boolean} isFiltered
 * @param {{unfilter: () => void, byMeaning: () => void}} ways on from here
 */
export function showNothing(isFarOff, state, isFiltered, { unfilter, byMeaning }) {
  const advice = isFarOff ? "Nothing in this index is closer to the question than to any other."
    : isFiltered ? "The filters may leave out what you look for."
      : state.mode === "lexical" ? "No passage has these words. “Meaning” finds what says it in others." : "Try other words.";
  notice("none", isFarOff ? "Nothing close" : "No hits", element("p", {}, advice),
    isFiltered ? element("p", {}, button("Ask without filters", unfilter, { class: "main" }))
      : state.mode === "lexical" ? element("p", {}, button("Ask by meaning", byMeaning, { class: "main" })) : null);
}

/** @param {{message: string, hint: string}} error in the server's words */
export function showRefusal(error) {
  notice("bad", "The server could not answer", element("p", {}, error.message), error.hint ? element("p.small", {}, error.hint) : null);
}

/** @param {() => void} again */
export function showAway(again) {
  notice("bad", "The server does not answer",
    element("p", {}, "It may have been stopped, or the network is down. It is asked again every few seconds."),
    element("p", {}, button("Try now", again, { class: "main" })));
}
