/* The map, in a frame of its own: it is a page of the same server that brings its own script. */

import { byId, element } from "./dom.js";

/** Shows the map; loads it the first time. */
export function showMap() {
  const holder = byId("map-view");
  if (holder.hasChildNodes()) return;
  holder.append(element("iframe", { src: "page/map.html", title: "Map of the index: every chunk a point, coloured by topic" }));
}
