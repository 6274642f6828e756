/* Questions to the server while somebody types: the latest counts, answers to earlier ones are dropped. */

import { ask } from "./api.js";

const KEPT = 40; // answers, so that going back is immediate
const CONTEXT = 1; // chunks before and after each hit, shown when it is opened
const FRESH_MS = 30_000; // the index may change

/** @type {Map<string, {answer: import("./api.js").Answer & {asked_s: number}, at: number}>} */
const kept = new Map();
let latest = new AbortController();

/**
 * The answer to a state, or null when something newer was asked meanwhile.
 *
 * The best sentences cost the server more than the search itself, so they are asked for apart, once the hits are there.
 * @param {import("./address.js").State} state
 * @param {boolean} isMarked whether each hit's snippet is to be its best sentence
 * @returns {Promise<(import("./api.js").Answer & {asked_s: number}) | null>} with the seconds that it took
 */
export async function answerTo(state, isMarked = false) {
  latest.abort();
  const mine = (latest = new AbortController());
  const [path, parameters] = state.like ? similarTo(state) : searchFor(state, isMarked);
  const key = JSON.stringify([path, parameters]);
  const known = kept.get(key);
  if (known && performance.now() - known.at < FRESH_MS) return known.answer;
  try {
    const began = performance.now();
    const answer = await ask(path, parameters, mine.signal);
    answer.asked_s = (performance.now() - began) / 1000;
    keep(key, answer);
    return answer;
  } catch (error) {
    if (mine.signal.aborted) return null;
    throw error;
  }
}

/** Drops the answers that are kept and whatever is under way. */
export function forget() {
  latest.abort();
  kept.clear();
}

/**
 * @param {import("./address.js").State} state
 * @param {boolean} isMarked
 */
function searchFor({ q, mode, where, path, since, topic, k }, isMarked) {
  return ["search", { q: q.trim(), k, mode, ...trimmed({ where, path, since, topic }), context: CONTEXT, highlight: isMarked || null }];
}

/** @param {import("./address.js").State} state */
function similarTo({ like, where, path, since, topic, k }) {
  return ["similar", { id: like, k, ...trimmed({ where, path, since, topic }), context: CONTEXT }];
}

/** @param {Record<string, string>} texts */
const trimmed = (texts) => Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.trim()]));

/**
 * @param {string} key
 * @param {any} answer
 */
function keep(key, answer) {
  kept.delete(key);
  kept.set(key, { answer, at: performance.now() });
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
}
