/* What the server is asked, and how it answers. */

/**
 * @typedef {object} Place
 * @property {number} id
 * @property {number | null} line_start
 * @property {number | null} line_end
 * @property {number | null} page
 *
 * @typedef {object} HitFields
 * @property {number} rank
 * @property {number} score cosine
 * @property {number | null} percentile
 * @property {string} doc_id
 * @property {string | null} path
 * @property {string} title
 * @property {string[]} heading_path
 * @property {string} snippet the best sentence
 * @property {string} text
 * @property {Record<string, unknown>} metadata
 * @property {number[]} alike
 * @property {string | null} context_before
 * @property {string | null} context_after
 * @typedef {Place & HitFields} Hit
 *
 * @typedef {object} Answer
 * @property {Hit[]} hits
 * @property {boolean} [nothing_close]
 * @property {string[]} [notices]
 * @property {number | null} [allowed] chunks that the filters let through
 *
 * @typedef {object} Topic
 * @property {number} number
 * @property {string} label
 * @property {string[]} phrases
 * @property {number} size
 */

const TOKEN = "searchkit-token";
const PATIENCE_MS = 60_000;

/** The server said no. `message` and `hint` are its own words. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {string} hint
   * @param {number | null} retryS seconds, after which it may be asked again
   */
  constructor(status, message, hint = "", retryS = null) {
    super(message);
    Object.assign(this, { status, hint, retryS });
  }
}

/** Nothing came back. */
export class Away extends Error {}

let typed = ""; // where storage is off, the token holds until the page is closed

/** @param {string} token */
export function keepToken(token) {
  typed = token;
  try { sessionStorage.setItem(TOKEN, token); } catch { /* see above */ }
}

/** The token, in signs that a header can hold: another one than the server's is for the server to refuse. */
function keptToken() {
  let token = typed;
  try { token = sessionStorage.getItem(TOKEN) ?? typed; } catch { /* see above */ }
  return /^[\x21-\x7e]*$/.test(token) ? token : encodeURIComponent(token);
}

/**
 * A JSON answer.
 * @param {string} path such as "search", relative to the page
 * @param {Record<string, string | number | boolean | null | undefined>} parameters the empty ones are left out
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 * @throws {Refused | Away | DOMException} the last when it was aborted
 */
export async function ask(path, parameters = {}, signal) {
  const response = await reach(path, parameters, signal);
  const said = await response.json().catch(() => null);
  if (signal?.aborted) throw signal.reason;
  if (response.ok && said !== null) return said;
  throw refusal(response, said);
}

/**
 * An answer that is no JSON, as text.
 * @param {string} path
 * @returns {Promise<string>}
 * @throws {Refused | Away}
 */
export async function askText(path) {
  const response = await reach(path, {});
  if (response.ok) return response.text();
  throw refusal(response, await response.json().catch(() => null));
}

/**
 * @param {Response} response
 * @param {any} said
 */
function refusal(response, said) {
  const error = said?.error ?? {};
  const retryS = Number(response.headers.get("retry-after")) || null;
  return new Refused(response.status, error.message ?? `the server answered ${response.status}`, error.hint ?? "", retryS);
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} parameters
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
async function reach(path, parameters, signal) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  const token = keptToken();
  const late = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await fetch(query ? `${path}?${query}` : path, {
      headers: token ? { authorization: `Bearer ${token}` } : {},
      signal: signal ? AbortSignal.any([signal, late]) : late,
      redirect: "error",
      credentials: "omit",
    });
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new Away("the server does not answer", { cause: error });
  }
}
