/* Light or dark: the system's, until somebody chooses. */

import { byId } from "./dom.js";

const CHOSEN = "searchkit-theme";

/**
 * What is shown now.
 * @param {Document} page
 * @returns {"light" | "dark"}
 */
export function themeNow(page = document) {
  const chosen = page.documentElement.dataset.theme;
  if (chosen === "light" || chosen === "dark") return chosen;
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}

export function listenToThemes() {
  byId("theme").addEventListener("click", () => {
    const next = themeNow() === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem(CHOSEN, next); } catch { /* it holds until the page is closed */ }
    dispatchEvent(new Event("themechange"));
  });
}
