"use strict";
/* Before anything is painted: the theme that was chosen here, if any. Otherwise the system's holds. */
(() => {
  try {
    const chosen = localStorage.getItem("searchkit-theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch { /* storage is off: the system's theme */ }
})();
