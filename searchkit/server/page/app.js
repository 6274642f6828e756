/* The page: what is asked is in the address, and everything shown follows from it. */

import { Away, Refused, ask } from "./api.js";
import { addressOf, cleared, filterCount, readAddress, writeAddress } from "./address.js";
import { answerTo, forget } from "./asking.js";
import { begins, ends } from "./busy.js";
import { byId, say } from "./dom.js";
import { askForToken } from "./token.js";
import { clearErrors, dropTyped, listenToFields, showError, showFields } from "./fields.js";
import { showBest, showHits } from "./hits.js";
import { listenToKeys } from "./keys.js";
import { showMap } from "./atlas.js";
import { showEmptyIndex, showNothing, showRefusal, showAway, showStart, hideNotice, showLoading } from "./notices.js";
import { showStatus } from "./status.js";
import { listenToThemes } from "./themes.js";
import { showTopics } from "./topics.js";
import { counted, duration, line } from "./words.js";

const STEP = 10; // hits that "show more" adds
const MOST = 1000;
const MARK_MS = 250; // rest before the best sentences are asked for
const AGAIN_MS = 3000; // between two tries to reach a server that is away
const NOT_NOW = 503; // the status of a server that may answer later
const PAUSE_MS = 1500; // typing after such a pause is a new step for "back"

let state = readAddress();
/** @type {{chunks: number} | null} */
let index = null;
/** @type {import("./api.js").Topic[]} */
let topics = [];
let againAt = 0;
let markAt = 0;
let begun = 0; // how often `begin` was called: the latest counts
let changedAt = 0;
let likeTitle = "";

/**
 * Takes over a change of what is asked.
 * @param {Partial<import("./address.js").State>} change
 * @param {boolean} isStep whether "back" should undo it
 */
function change(change, isStep) {
  const now = performance.now();
  const isPaused = now - changedAt > PAUSE_MS;
  changedAt = now;
  const isNarrowed = Object.keys(change).some((name) => name !== "k" && name !== "view");
  state = { ...state, ...(isNarrowed ? { k: "10" } : {}), ...change };
  dropTyped(Object.keys(change));
  writeAddress(state, isStep || isPaused);
  show();
}

/** Shows the state. */
function show() {
  const isMap = state.view === "map";
  byId("search-view").hidden = isMap;
  byId("map-view").hidden = !isMap;
  mark("tab-search", !isMap);
  mark("tab-map", isMap);
  byId("tab-search").setAttribute("href", addressOf({ ...state, view: "" }));
  byId("tab-map").setAttribute("href", addressOf({ ...state, view: "map" }));
  document.title = isMap ? "Map · searchkit" : state.q.trim() ? `${line(state.q).slice(0, 80)} · searchkit` : "searchkit";
  showFields(state);
  showTopics(topics, state, (topic) => change({ topic }, true));
  showLike();
  stopAsking();
  if (isMap) showMap();
  else void search();
}

/** What is under way for an earlier state is of no use any more. */
function stopAsking() {
  clearTimeout(againAt);
  clearTimeout(markAt);
  showLoading(false);
  ends("marking");
}

/**
 * @param {string} tab
 * @param {boolean} isCurrent
 */
function mark(tab, isCurrent) {
  if (isCurrent) byId(tab).setAttribute("aria-current", "page");
  else byId(tab).removeAttribute("aria-current");
}

/** Asks, and shows what comes back, unless something newer was asked meanwhile. */
async function search() {
  if (!state.q.trim() && !state.like) return showNoQuestion();
  const asked = state;
  showLoading(true);
  try {
    const answer = await answerTo(asked);
    if (!answer || asked !== state) return;
    showAnswer(answer);
    if (!answer.hits.length || !asked.q || asked.like) return;
    begins("marking");
    markAt = setTimeout(() => void markBest(asked), MARK_MS);
  } catch (error) {
    if (asked === state) showFailure(error);
  }
}

/**
 * Marks the best sentence of each hit that is shown; without it they are as useful as before.
 * @param {import("./address.js").State} asked
 */
async function markBest(asked) {
  const answer = await answerTo(asked, true).catch(() => null);
  if (asked !== state) return;
  if (answer) showBest(answer.hits);
  ends("marking");
}

/** @param {import("./api.js").Answer & {asked_s: number}} answer */
function showAnswer(answer) {
  showLoading(false);
  clearErrors();
  hideNotice();
  const { hits } = answer;
  showHits(hits, { like: moreLike });
  const notices = (answer.notices ?? []).map((notice) => ` · ${notice}`).join("");
  say(byId("count"), hits.length ? `${counted(hits.length, "hit")} in ${duration(answer.asked_s)}${notices}` : "No hits");
  byId("more").hidden = hits.length < Number(state.k) || Number(state.k) >= MOST;
  if (hits.length) return;
  if (index?.chunks === 0) showEmptyIndex();
  else showNothing(Boolean(answer.nothing_close), state, filterCount(state) > 0 || state.topic !== "", {
    unfilter: () => change({ where: "", path: "", since: "", topic: "" }, true),
    byMeaning: () => change({ mode: "dense" }, true),
  });
}

function showNoQuestion() {
  forget();
  clearErrors();
  showHits([], { like: moreLike });
  byId("more").hidden = true;
  say(byId("count"), "");
  if (index?.chunks === 0) showEmptyIndex();
  else showStart(index);
}

/** @param {unknown} error */
function showFailure(error) {
  showLoading(false);
  if (error instanceof Refused && error.status === 401) return void askForToken(error.message).then(begin);
  if (error instanceof Refused && showError(error, state)) return void showStale();
  showStale();
  if (error instanceof Refused) showRefusal(error);
  else if (error instanceof Away) showAway(() => void begin());
  else throw error;
  if (error instanceof Away || error.status === NOT_NOW) againAt = setTimeout(() => void begin(), (error.retryS ?? 0) * 1000 || AGAIN_MS);
}

/** The hits on the page answer an earlier question. */
function showStale() {
  document.body.classList.add("stale");
  say(byId("count"), "");
}

/** @param {import("./api.js").Hit} hit */
function moreLike(hit) {
  likeTitle = line(hit.title) || line(hit.path ?? hit.doc_id);
  change({ ...cleared(state), like: String(hit.id) }, true);
  scrollTo({ top: 0 });
}

/** Says what the hits are like, where they answer no question. */
function showLike() {
  say(byId("like"), state.like ? `More like ${likeTitle ? `“${likeTitle}”` : "this passage"}` : "");
}

/** What is known of the index as a whole, then the answer. */
async function begin() {
  const mine = ++begun;
  begins("start");
  forget();
  stopAsking();
  try {
    const known = await ask("status");
    if (mine !== begun) return;
    index = known;
    showStatus(index);
    show();
    topics = await ask("topics").then((found) => found.topics, () => []);
    showTopics(topics, state, (topic) => change({ topic }, true));
  } catch (error) {
    if (mine === begun) showFailure(error);
  } finally {
    if (mine === begun) ends("start");
  }
}

listenToThemes();
listenToFields(change);
listenToKeys({
  clear: () => change({ q: "", like: "" }, true),
  filters: () => byId("filters-button").click(),
});
byId("more").addEventListener("click", () => change({ k: String(Math.min(MOST, Number(state.k) + STEP)) }, false));
for (const [tab, view] of [["tab-search", ""], ["tab-map", "map"]]) {
  byId(tab).addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    change({ view }, true);
  });
}
byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("query").focus(); });
addEventListener("popstate", () => { state = readAddress(); dropTyped(Object.keys(state)); show(); });
addEventListener("online", () => void begin());
if (state.view !== "map" && matchMedia("(hover: hover)").matches) byId("query").focus();
void begin();
