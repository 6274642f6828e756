/* Numbers, places and texts as they are shown. */

const LOCALE = "en";
const EXCERPT = 300; // characters of a hit that is closed
const FENCE = /^[ \t>]*(```|~~~).*$/gm; // around code in Markdown
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** @param {number} number */
export const grouped = (number) => number.toLocaleString(LOCALE);

/**
 * "1 chunk", "1,234 chunks".
 * @param {number} number
 * @param {string} noun
 */
export const counted = (number, noun) => `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;

/**
 * "7 ms", "1.2 s".
 * @param {number} seconds
 */
export function duration(seconds) {
  const ms = seconds * 1000;
  return ms < 1000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${seconds.toFixed(1)} s`;
}

/**
 * "512 B", "4.1 kB", "23 MB".
 * @param {number} bytes
 */
export function size(bytes) {
  let shown = bytes;
  for (const unit of ["B", "kB", "MB", "GB"]) {
    if (shown < 999.5) return `${unit === "B" || shown >= 9.95 ? Math.round(shown) : shown.toFixed(1)} ${unit}`;
    shown /= 1000;
  }
  return `${shown.toFixed(1)} TB`;
}

/**
 * A name or a place on one line. Signs that have no shape, among them those that turn the direction of writing and
 * could make a path look like another, are shown as a replacement sign.
 * @param {string} text
 */
export const line = (text) => text.replace(/\s+/g, " ").trim().replace(UNSEEN, "\ufffd");

/**
 * Where a hit stands: "guide/backup.md:12", "report.pdf, page 3", or the name of a document without a file.
 * @param {import("./api.js").Place & {path: string | null, doc_id: string}} hit
 */
export function placeOf(hit) {
  const name = line(hit.path ?? hit.doc_id);
  if (hit.path === null) return name;
  if (hit.page !== null) return `${name}, page ${hit.page}`;
  return hit.line_start === null ? name : `${name}:${hit.line_start}`;
}

/**
 * The number beside a title, and what it means.
 * @param {import("./api.js").Hit} hit
 * @returns {{short: string, long: string}}
 */
export function closeness(hit) {
  const cosine = `cosine ${hit.score.toFixed(3)}`;
  if (hit.percentile === null) return { short: hit.score.toFixed(2), long: cosine };
  const percent = hit.percentile >= 99.95 ? hit.percentile.toFixed(2) : hit.percentile.toFixed(1);
  return { short: `${percent} %`, long: `closer than ${percent} % of unrelated texts of this index; ${cosine}` };
}

/**
 * A hit's text in three: before the best sentence, the sentence, after it.
 * @param {import("./api.js").Hit} hit
 * @returns {[string, string, string]}
 */
export function aroundBest(hit) {
  const at = hit.snippet ? hit.text.indexOf(hit.snippet) : -1;
  if (at < 0) return [hit.text, "", ""];
  return [hit.text.slice(0, at), hit.snippet, hit.text.slice(at + hit.snippet.length)];
}

/**
 * What is shown of a closed hit: the best sentence, and what follows as far as there is room. White space is one space.
 * Fences of code are left out.
 * @param {import("./api.js").Hit} hit
 * @returns {{cut: boolean, best: string, rest: string}} cut: whether the text begins earlier
 */
export function excerpt(hit) {
  const [before, best, after] = aroundBest(hit).map((part) => part.replace(FENCE, " ").replace(/\s+/g, " "));
  if (!best) return { cut: false, best: "", rest: shortened(before, EXCERPT) };
  return { cut: before.trim().length > 0, best: best.trim(), rest: shortened(after, EXCERPT - best.length) };
}

/**
 * The text's beginning, cut between words.
 * @param {string} text
 * @param {number} most characters
 */
function shortened(text, most) {
  if (text.length <= most) return text;
  if (most < 40) return text.trim() ? " …" : "";
  const cut = text.slice(0, most).replace(/[\ud800-\udbff]$/, "");
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), most - 40))} …`;
}
