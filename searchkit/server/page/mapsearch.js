/* Words in the map's box, answered by the engine: its hits, the best first, in place of the chunks that hold the words. */
/* global map, showFound, withWords */

import { ask } from "./api.js";
import { byId } from "./dom.js";

const MOST = 200, FEWEST = 10; // hits asked for: a tenth of the chunks, but within these
const CLOSE = 95; // percent of the unrelated texts that a hit must be closer than, beyond the first few

let latest = new AbortController();
/** @type {Map<number, number> | null} chunk -> point */
let pointOf = null;

/** Shows what the engine answers to the words in the box; what holds them, where it does not answer. */
export async function search() {
  latest.abort();
  const mine = (latest = new AbortController());
  const text = /** @type {HTMLInputElement} */ (byId("query")).value.trim();
  if (!text) return showFound(null);
  try {
    const { hits, nothing_close: isFar } = await ask("../search", { q: text, k: most() }, mine.signal);
    const [points, newer] = known(hits.filter(isClose));
    const notes = [isFar ? "nothing close" : "", newer ? `${newer} newer than the map` : ""];
    showFound(points, true, notes.filter(Boolean).join(" · "));
  } catch (error) {
    if (!mine.signal.aborted) showFound(withWords(text), false, `by words alone: ${error.message}`);
  }
}

const most = () => Math.round(Math.min(MOST, Math.max(FEWEST, map.n / 10)));

/**
 * Whether a hit says more than that something has to be nearest.
 * @param {import("./api.js").Hit} hit
 */
const isClose = (hit) => hit.rank <= FEWEST || hit.percentile === null || hit.percentile >= CLOSE;

/**
 * The points of hits, and how many hits came after the map.
 * @param {import("./api.js").Hit[]} hits
 * @returns {[Set<number>, number]}
 */
function known(hits) {
  pointOf ??= new Map(Array.from(map.id, (id, i) => [id, i]));
  const points = hits.map((hit) => pointOf.get(hit.id)).filter((point) => point !== undefined);
  return [new Set(points), hits.length - points.length];
}
