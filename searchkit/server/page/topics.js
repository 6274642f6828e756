/* The topics of the index, to ask within one of them. */

import { byId, element } from "./dom.js";
import { counted, grouped, line } from "./words.js";

const LISTED = 24;
let drawn = "";

/**
 * @param {import("./api.js").Topic[]} topics the largest first
 * @param {import("./address.js").State} state
 * @param {(number: string) => void} choose called with "" where one is left again
 */
export function showTopics(topics, state, choose) {
  const shown = topics.filter((topic, place) => topic.number > 0 && (place < LISTED || String(topic.number) === state.topic));
  byId("topics").hidden = !shown.length;
  const now = JSON.stringify(shown.map(({ number, label, size }) => [number, label, size]));
  if (now !== drawn) draw(shown, choose); // else a click might meet a chip that is being replaced
  drawn = now;
  for (const one of byId("topic-list").querySelectorAll("[data-topic]")) {
    one.setAttribute("aria-pressed", String(one.dataset.topic === state.topic));
  }
}

/**
 * @param {import("./api.js").Topic[]} topics
 * @param {(number: string) => void} choose
 */
function draw(topics, choose) {
  const focused = document.activeElement?.closest?.("#topic-list [data-topic]")?.dataset.topic;
  byId("topic-list").replaceChildren(...topics.map((topic) => element("li", {}, chip(topic, choose))));
  if (focused) document.querySelector(`#topic-list [data-topic="${CSS.escape(focused)}"]`)?.focus();
}

/**
 * @param {import("./api.js").Topic} topic
 * @param {(number: string) => void} choose
 */
function chip(topic, choose) {
  const number = String(topic.number);
  const made = element("button.chip", {
    type: "button", "data-topic": number, dir: "auto",
    title: `${line(topic.label)}: ${counted(topic.size, "chunk")}`,
  }, element("span", {}, line(topic.label)), element("small", {}, grouped(topic.size)));
  made.addEventListener("click", () => choose(made.getAttribute("aria-pressed") === "true" ? "" : number));
  return made;
}
