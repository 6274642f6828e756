/* The topics of the index, to ask within one of them. */

import { byId, element } from "./dom.js";
import { counted, grouped, line } from "./words.js";

const LISTED = 24;

/**
 * @param {import("./api.js").Topic[]} topics the largest first
 * @param {import("./address.js").State} state
 * @param {(number: string) => void} choose called with "" where one is left again
 */
export function showTopics(topics, state, choose) {
  const shown = topics.filter((topic, place) => topic.number > 0 && (place < LISTED || String(topic.number) === state.topic));
  byId("topics").hidden = !shown.length;
  const focused = document.activeElement?.closest?.("#topic-list [data-topic]")?.dataset.topic;
  byId("topic-list").replaceChildren(...shown.map((topic) => element("li", {}, chip(topic, state.topic, choose))));
  if (focused) document.querySelector(`#topic-list [data-topic="${CSS.escape(focused)}"]`)?.focus();
}

/**
 * @param {import("./api.js").Topic} topic
 * @param {string} chosen
 * @param {(number: string) => void} choose
 */
function chip(topic, chosen, choose) {
  const number = String(topic.number);
  const made = element("button.chip", {
    type: "button", "aria-pressed": String(number === chosen), "data-topic": number, dir: "auto",
    title: `${line(topic.label)}: ${counted(topic.size, "chunk")}`,
  }, element("span", {}, line(topic.label)), element("small", {}, grouped(topic.size)));
  made.addEventListener("click", () => choose(number === chosen ? "" : number));
  return made;
}
