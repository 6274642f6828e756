/* Whether the page will change by itself. The body's data-state says so: "busy", or "settled" until something is done
   or a server that is away is asked again. Whoever drives the page by a program waits for it. */

const underWay = new Set();

/** @param {string} what such as "asking" */
export function begins(what) {
  underWay.add(what);
  tell();
}

/** @param {string} what was begun, or not */
export function ends(what) {
  underWay.delete(what);
  tell();
}

function tell() {
  document.body.dataset.state = underWay.size ? "busy" : "settled";
}
