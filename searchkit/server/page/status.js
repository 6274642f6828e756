/* One line about the index that is served. */

import { byId, element } from "./dom.js";
import { counted, line, size } from "./words.js";

const FULL_RECALL = 0.9995;

/** @param {Record<string, any>} index what /status says */
export function showStatus(index) {
  const recall = index.ann_recall_at_10;
  const kind = typeof recall === "number" && recall < FULL_RECALL ? `${index.index_kind}, recall ${recall.toFixed(3)}` : index.index_kind;
  const facts = [
    ["Index", index.name],
    ["Documents", counted(index.documents, "document")],
    ["Chunks", counted(index.chunks, "chunk")],
    ["Encoder", `${index.encoder}, ${index.dimension} dimensions`],
    ["Kind of index", kind === "none" ? "" : kind],
    ["Size", size(index.size_bytes)],
    ["Changed", index.updated_at ? `changed ${when(index.updated_at)}` : ""],
  ];
  byId("status").replaceChildren(...facts.filter(([, fact]) => fact).map(([name, fact]) => element("span", { title: name }, line(String(fact)))));
}

/**
 * "3 minutes ago", "on 31 May 2026".
 * @param {string} moment ISO 8601
 */
function when(moment) {
  const minutes = Math.round((Date.now() - Date.parse(moment)) / 60_000);
  if (Number.isNaN(minutes)) return line(moment);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${counted(minutes, "minute")} ago`;
  if (minutes < 36 * 60) return `${counted(Math.round(minutes / 60), "hour")} ago`;
  return `on ${new Date(moment).toLocaleDateString("en-GB", { day: "numeric", month: "long", year: "numeric" })}`;
}
