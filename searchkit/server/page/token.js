/* The token, where the server asks for one. */

import { keepToken } from "./api.js";
import { byId, say } from "./dom.js";

let wasAsked = false;

/**
 * Asks for the token and keeps it for this tab.
 * @param {string} why the server's words, shown from the second time on
 * @returns {Promise<void>} when there is one
 */
export function askForToken(why) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("token"));
  const text = /** @type {HTMLInputElement} */ (byId("token-text"));
  say(byId("token-why"), wasAsked ? why : "");
  wasAsked = true;
  text.value = "";
  if (!dialog.open) dialog.showModal();
  return new Promise((done) => {
    byId("token-form").addEventListener("submit", () => { keepToken(text.value.trim()); done(); }, { once: true });
  });
}
