/* The map, in a frame of its own: it is a page of the same server that brings its own script. */

import { byId, element } from "./dom.js";

/** Shows the map; loads it the first time, and tells it later ones, as the question may be another. */
export function showMap() {
  const holder = byId("map-view");
  const frame = /** @type {HTMLIFrameElement | null} */ (holder.firstElementChild);
  if (frame) frame.contentWindow?.dispatchEvent(new Event("shown"));
  else holder.append(element("iframe", { src: "page/map.html", title: "Map of the index: every chunk a point, coloured by topic" }));
}
