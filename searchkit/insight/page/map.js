"use strict";
/* One map, drawn from the data in this file. Texts of documents reach the page through textContent and
   fillText alone, never as markup. Places are projected by one matrix, on the GPU to draw and here to point. */

const $ = (id) => document.getElementById(id);
const points = $("points"), labels = $("labels"), tip = $("tip");
const PALETTES = {
  light: ["#4477aa", "#cc6677", "#117733", "#ddaa33", "#882255", "#33a9c9", "#999933", "#aa4499", "#8b5e3c", "#44aa99"],
  dark: ["#77aadd", "#ee8866", "#44bb99", "#eedd88", "#ffaabb", "#99ddff", "#bbcc33", "#cc99ee", "#d8b48a", "#5ee0c0"],
};
const GREY = { light: "#b3b8bf", dark: "#565d69" };
const FONT = '600 SIZEpx system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';

let map, size, matrix, bright = null, lit = 0, order, drawn, gl, program, buffers, spots;
const view = { moved: false, x: 0, y: 0, scale: 1, yaw: 0.6, pitch: 0.35 };
const state = { theme: "light", labelled: true, topic: null, hits: null, ranked: false, chosen: null, over: -1, pinned: -1, lasso: null };

/* ---- data */

async function unpack() {
  const bytes = Uint8Array.from(atob($("data").textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const raw = await new Response(stream).arrayBuffer();
  const headLength = new DataView(raw).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(raw, 4, headLength)));
  let at = 4 + headLength;
  const take = (kind, length) => {
    const part = new kind(raw.slice(at, at + length * kind.BYTES_PER_ELEMENT));
    at += length * kind.BYTES_PER_ELEMENT;
    return part;
  };
  const n = head.count, dims = head.dimensions;
  const flat = take(Float32Array, n * dims);
  const places = new Float32Array(n * 3);
  for (let i = 0; i < n; i++) for (let d = 0; d < dims; d++) places[3 * i + d] = flat[dims * i + d];
  return { ...head, n, dims, places, topic: take(Uint32Array, n), file: take(Uint32Array, n), line: take(Int32Array, n), id: take(Float64Array, n) };
}

const placeOf = (i) => {
  const name = map.files[map.file[i]].name, line = map.line[i];
  return line > 0 ? `${name}:${line}` : line < 0 ? `${name}#page=${-line}` : name;
};

function linkOf(i) {
  const href = map.files[map.file[i]].href, line = map.line[i];
  if (!href || /^\s*(javascript|data|vbscript):/i.test(href)) return null;
  const there = href.replace("{line}", String(Math.max(1, line)));
  return line < 0 && !href.includes("{line}") ? `${there}#page=${-line}` : there;
}

/* ---- view */

/* `indices` gives the points that the view shall show, each time it is called. */
function fit(indices) {
  const p = map.places;
  let low = [1 / 0, 1 / 0, 1 / 0], high = [-1 / 0, -1 / 0, -1 / 0];
  for (const i of indices()) for (let d = 0; d < 3; d++) {
    low[d] = Math.min(low[d], p[3 * i + d]); high[d] = Math.max(high[d], p[3 * i + d]);
  }
  if (low[0] > high[0]) return;
  view.centre = low.map((v, d) => (v + high[d]) / 2);
  view.radius = 1e-6; // of the ball that holds them however it is turned
  for (const i of indices()) {
    view.radius = Math.max(view.radius, Math.hypot(...view.centre.map((v, d) => p[3 * i + d] - v)));
  }
  const free = { w: size.w - (size.w > 820 ? 330 : 40), h: size.h - 150 };
  const wide = Math.max(1e-6, high[0] - low[0]), tall = Math.max(1e-6, high[1] - low[1]);
  view.scale = map.dims === 2 ? Math.min(free.w / wide, free.h / tall, 4000 / map.spread)
    : 0.95 * Math.min(free.w, free.h) / (2 * view.radius);
  view.x = size.w > 820 ? -145 : 0;
  view.y = -24;
  map.scale ||= view.scale;
}

/* Column-major 4x4, from places to clip space; in three dimensions with a mild perspective. */
function project() {
  const { scale, centre: c } = view, sx = (2 * scale) / size.w, sy = (2 * scale) / size.h;
  const ox = (2 * view.x) / size.w, oy = (2 * view.y) / size.h;
  if (map.dims === 2) return [sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, 0, 0, ox - sx * c[0], oy - sy * c[1], 0, 1];
  const [cy, sn, cp, sp] = [Math.cos(view.yaw), Math.sin(view.yaw), Math.cos(view.pitch), Math.sin(view.pitch)];
  const rows = [[cy, 0, sn], [sp * sn, cp, -sp * cy], [-cp * sn, sp, cp * cy]];
  const away = 1 / (4 * map.radius);
  const m = new Array(16).fill(0);
  for (let d = 0; d < 3; d++) {
    m[4 * d + 3] = -rows[2][d] * away;
    m[4 * d] = sx * rows[0][d] + ox * m[4 * d + 3];
    m[4 * d + 1] = sy * rows[1][d] + oy * m[4 * d + 3];
    m[4 * d + 2] = -rows[2][d] * away * 0.9;
  }
  for (let r = 0; r < 4; r++) m[12 + r] = -(m[r] * c[0] + m[4 + r] * c[1] + m[8 + r] * c[2]);
  m[12] += ox; m[13] += oy; m[15] += 1;
  return m;
}

function onScreen(x, y, z) {
  const m = matrix, w = m[3] * x + m[7] * y + m[11] * z + m[15];
  return [((m[0] * x + m[4] * y + m[8] * z + m[12]) / w + 1) * size.w / 2,
    (1 - (m[1] * x + m[5] * y + m[9] * z + m[13]) / w) * size.h / 2, w];
}

const radius = () => Math.max(map.n > 20000 ? 1.3 : 2.2,
  Math.min(7, 2.2 * Math.sqrt(view.scale / map.scale) * Math.pow(20000 / Math.max(500, map.n), 0.22)));

/* The more there are, the more of them shine through, so that crowds look denser than strays. */
const opacity = () => Math.round(map.n > 20000 ? Math.max(110, PLAIN * Math.pow(20000 / map.n, 0.18)) : PLAIN);

/* The fewer stand out, the larger they are drawn. */
const lift = () => (lit ? Math.max(1.15, Math.min(2.4, 2.4 - 0.35 * Math.log10(lit))) : 1);

/* ---- what stands out */

const PLAIN = 205, FULL = 255; // opacity of what is drawn as ever, and of what stands out most
const WEAKEST = 216; // of what stands out least; what is above `PLAIN` stands out

/* The points that stand out one by one, the best first; null where there are none or a topic does. */
const front = () => state.chosen || state.hits;

/* `bright` holds the opacity of each point that stands out. */
function relight() {
  const some = front();
  bright = some || state.topic !== null ? new Uint8Array(map.n) : null;
  lit = 0;
  if (some) {
    const fall = some === state.hits && state.ranked ? (FULL - WEAKEST) / some.size : 0;
    for (const i of some) bright[i] = Math.round(FULL - fall * lit++);
  } else if (bright) for (let i = 0; i < map.n; i++) if (map.topic[i] === state.topic) { bright[i] = FULL; lit++; }
  const shown = state.pinned >= 0 ? state.pinned : state.over;
  if (shown >= 0 && bright && !bright[shown]) { state.over = state.pinned = -1; tip.hidden = true; }
  paint();
}

const colourOf = (topic) => {
  const shade = topic === 0 ? -1 : map.topics[topic - 1].colour;
  return shade < 0 ? GREY[state.theme] : PALETTES[state.theme][shade % PALETTES.light.length];
};
const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

/* Colours of all points, and the order in which they are drawn: what stands out comes last. */
function paint() {
  const palette = [0, ...map.topics.map((_, k) => k + 1)].map((topic) => channels(colourOf(topic)));
  const colours = new Uint8Array(4 * map.n);
  const plain = opacity();
  let low = 0, high = map.n - 1;
  for (let i = map.n - 1; i >= 0; i--) {
    const topic = map.topic[i], dim = bright && !bright[i];
    const [r, g, b] = palette[topic];
    colours.set([r, g, b, dim ? 20 : bright ? bright[i] : topic === 0 ? Math.round(0.63 * plain) : plain], 4 * i);
    if (dim || (!bright && topic === 0)) order[low++] = i; else if (!front()) order[high--] = i;
  }
  for (const i of front() || []) order[high--] = i;
  if (gl) {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffers.colours); gl.bufferData(gl.ARRAY_BUFFER, colours, gl.DYNAMIC_DRAW);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffers.order); gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.DYNAMIC_DRAW);
  } else drawn.colours = colours;
  thin();
  draw();
}

/* ---- drawing */

const VERTEX = `#version 300 es
in vec3 place; in vec4 colour; uniform mat4 matrix; uniform float diameter, near, lift; out vec4 shade;
void main() {
  gl_Position = matrix * vec4(place, 1.0);
  gl_PointSize = diameter * mix(1.0, lift, smoothstep(${WEAKEST / FULL - 0.01}, 1.0, colour.a)) / max(0.3, mix(1.0, gl_Position.w, near));
  float haze = near * clamp((gl_Position.w - 0.8) / 0.4, 0.0, 1.0);
  shade = colour.a > ${PLAIN / FULL + 0.01} ? colour : vec4(colour.rgb, colour.a * (1.0 - 0.7 * haze));
}`;
const FRAGMENT = `#version 300 es
precision highp float; in vec4 shade; uniform float diameter; out vec4 result;
void main() {
  float away = length(gl_PointCoord - 0.5) * 2.0;
  float edge = 1.0 - smoothstep(1.0 - 2.4 / diameter, 1.0, away);
  if (edge * shade.a < 0.02) discard;
  result = vec4(shade.rgb * shade.a * edge, shade.a * edge);
}`;

function prepare() {
  order = new Uint32Array(map.n);
  drawn = { colours: null };
  gl = points.getContext("webgl2", { antialias: false, premultipliedAlpha: true, preserveDrawingBuffer: false });
  if (!gl) { drawn.pen = points.getContext("2d"); stride = Math.ceil(map.n / MOST_PLAIN); return; }
  program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(kind);
    gl.shaderSource(shader, text); gl.compileShader(shader); gl.attachShader(program, shader);
  }
  points.addEventListener("webglcontextlost", (event) => event.preventDefault(), { once: true });
  points.addEventListener("webglcontextrestored", () => { prepare(); paint(); }, { once: true });
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) || "no shaders");
  gl.useProgram(program);
  spots = Object.fromEntries(["matrix", "diameter", "lift", "near"].map((name) => [name, gl.getUniformLocation(program, name)]));
  buffers = { places: gl.createBuffer(), colours: gl.createBuffer(), order: gl.createBuffer(), thinned: gl.createBuffer() };
  const bind = (name, buffer, parts, kind, scaled) => {
    const at = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer); gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, parts, kind, scaled, 0, 0);
  };
  bind("place", buffers.places, 3, gl.FLOAT, false);
  gl.bufferData(gl.ARRAY_BUFFER, map.places, gl.STATIC_DRAW);
  bind("colour", buffers.colours, 4, gl.UNSIGNED_BYTE, true);
  gl.enable(gl.BLEND); gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
}

const MOST_PLAIN = 10000; // points that are drawn while the map moves, where there is no WebGL
const SLOW_MS = 45, SLOW_FRAMES = 3; // so many frames in a row that are slower: fewer points, until the map rests
const REST_MS = 150, MOST_THINNED = 16, ALWAYS_DRAWN = 5000;
let waiting = 0, resting = 0, stride = 1, thinned, slow = 0, drawnAt = 0;

/* The map moves: draw it now, perhaps with fewer points, and once more when it rests. */
function drawMoving() {
  clearTimeout(resting);
  resting = setTimeout(() => { resting = slow = 0; draw(); }, REST_MS);
  draw();
}

function draw() {
  if (waiting) return;
  waiting = requestAnimationFrame((now) => {
    waiting = 0;
    if (resting) keepUp(now - drawnAt);
    drawnAt = now;
    render();
  });
}

/* What lies over the points has changed, and they have not. */
function drawLabels() {
  if (!waiting) requestAnimationFrame(() => { if (!waiting) renderLabels(); });
}

/* Draws every second point of those so far where the machine is too slow for them, as without a graphics card. */
function keepUp(tookMs) {
  slow = tookMs > SLOW_MS && tookMs < 1000 ? slow + 1 : 0;
  if (slow < SLOW_FRAMES || stride >= MOST_THINNED || map.n / stride < MOST_PLAIN / 2) return;
  slow = 0; stride *= 2;
  thin();
}

/* Every so many points of all, in their order; few that stand out are always among them. */
function thin() {
  const last = map.n - (bright ? Math.min(lit, ALWAYS_DRAWN) : 0);
  thinned = order.filter((_, k) => k % stride === 0 || k >= last);
  if (gl) { gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, buffers.thinned); gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, thinned, gl.DYNAMIC_DRAW); }
}

function render() {
  matrix = project();
  if (gl) renderFast(); else renderPlain();
  renderLabels();
}

function renderFast() {
  gl.viewport(0, 0, points.width, points.height);
  gl.clearColor(0, 0, 0, 0); gl.clear(gl.COLOR_BUFFER_BIT);
  gl.uniformMatrix4fv(spots.matrix, false, matrix);
  gl.uniform1f(spots.diameter, 2 * radius() * size.ratio);
  gl.uniform1f(spots.lift, lift());
  gl.uniform1f(spots.near, map.dims === 2 ? 0 : 1);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, resting ? buffers.thinned : buffers.order);
  gl.drawElements(gl.POINTS, resting ? thinned.length : map.n, gl.UNSIGNED_INT, 0);
}

function renderPlain() {
  const pen = drawn.pen, side = Math.max(2, 1.7 * radius()), c = drawn.colours;
  pen.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  pen.clearRect(0, 0, size.w, size.h);
  let last = -1;
  for (const i of resting ? thinned : order) {
    const key = (c[4 * i] << 24) | (c[4 * i + 1] << 16) | (c[4 * i + 2] << 8) | c[4 * i + 3];
    if (key !== last) pen.fillStyle = `rgba(${c[4 * i]},${c[4 * i + 1]},${c[4 * i + 2]},${c[4 * i + 3] / 255})`;
    last = key;
    const [x, y] = onScreen(map.places[3 * i], map.places[3 * i + 1], map.places[3 * i + 2]);
    const own = side * (1 + (lift() - 1) * Math.max(0, (c[4 * i + 3] - WEAKEST) / (FULL - WEAKEST)));
    pen.fillRect(x - own / 2, y - own / 2, own, own);
  }
}

/* Names of topics, the largest first, wherever they cover no other name. */
function renderLabels() {
  const pen = labels.getContext("2d");
  pen.setTransform(size.ratio, 0, 0, size.ratio, 0, 0);
  pen.clearRect(0, 0, size.w, size.h);
  const style = getComputedStyle(document.documentElement);
  const paper = style.getPropertyValue("--paper").trim(), ink = style.getPropertyValue("--ink").trim();
  const taken = panels(), numbered = numbers();
  for (const { x, y } of numbered) taken.push([x - NUMBER_PX, y - NUMBER_PX, x + NUMBER_PX, y + NUMBER_PX]);
  if (state.labelled) nameTopics(pen, paper, ink, taken);
  for (const number of numbered.reverse()) drawNumber(pen, number, paper, ink);
  for (const i of new Set([state.over, state.pinned])) if (i >= 0) ring(pen, i, ink);
  if (state.lasso) outline(pen, style.getPropertyValue("--accent").trim());
}

function nameTopics(pen, paper, ink, taken) {
  const most = map.topics.length ? map.topics[0].size : 1;
  pen.textAlign = "center"; pen.textBaseline = "middle"; pen.lineJoin = "round";
  map.topics.forEach((topic, k) => {
    if (!topic.size || !topic.at || (state.topic !== null && state.topic !== k + 1)) return;
    const at = [...topic.at, 0].slice(0, 3), [x, y, w] = onScreen(...at);
    if (w <= 0) return;
    const px = Math.round((11 + 4 * Math.sqrt(topic.size / most)) * 2) / 2;
    pen.font = FONT.replace("SIZE", px);
    const lines = wrap(pen, topic.short, 130);
    const wide = Math.max(...lines.map((line) => pen.measureText(line).width)), tall = lines.length * px * 1.2;
    const box = [x - wide / 2 - 7, y - tall / 2 - 5, x + wide / 2 + 7, y + tall / 2 + 5];
    if (box[2] < 0 || box[3] < 0 || box[0] > size.w || box[1] > size.h) return;
    if (taken.some((o) => box[0] < o[2] && o[0] < box[2] && box[1] < o[3] && o[1] < box[3])) return;
    taken.push(box);
    lines.forEach((line, row) => {
      const lineY = y + (row - (lines.length - 1) / 2) * px * 1.2;
      pen.globalAlpha = state.hits || state.chosen ? 0.5 : 0.9; pen.strokeStyle = paper; pen.lineWidth = 4; pen.strokeText(line, x, lineY);
      pen.globalAlpha = state.hits || state.chosen ? 0.55 : 1; pen.fillStyle = ink; pen.fillText(line, x, lineY);
    });
  });
  pen.globalAlpha = 1;
}

const NUMBERED = 9, NUMBER_PX = 8;

/* Where the numbers of the best hits stand; one that would cover a better one is left out. */
function numbers() {
  const seen = [];
  if (!state.ranked || !state.hits || state.chosen) return seen;
  [...state.hits].slice(0, NUMBERED).forEach((i, rank) => {
    const [x, y, w] = onScreen(map.places[3 * i], map.places[3 * i + 1], map.places[3 * i + 2]);
    if (w > 0 && !seen.some((o) => Math.hypot(o.x - x, o.y - y) < 1.7 * NUMBER_PX)) seen.push({ x, y, rank: rank + 1, topic: map.topic[i] });
  });
  return seen;
}

function drawNumber(pen, { x, y, rank, topic }, paper, ink) {
  pen.beginPath(); pen.arc(x, y, NUMBER_PX, 0, 7); pen.fillStyle = ink; pen.fill();
  pen.lineWidth = 3; pen.strokeStyle = colourOf(topic); pen.stroke();
  pen.font = FONT.replace("SIZE", 10.5); pen.textAlign = "center"; pen.textBaseline = "middle";
  pen.fillStyle = paper; pen.fillText(String(rank), x, y + 0.5);
}

/* What stands on the map: no name is put under it. */
function panels() {
  return ["title", "query", "found", "tools", "legend", "chosen"].map($).filter((part) => part.offsetWidth && !part.hidden)
    .map((part) => part.getBoundingClientRect()).map((box) => [box.left, box.top, box.right, box.bottom]);
}

function wrap(pen, text, most) {
  const lines = [""];
  for (const part of text.split(/(?<=,)\s/)) {
    const longer = lines[lines.length - 1] ? `${lines[lines.length - 1]} ${part}` : part;
    if (lines[lines.length - 1] && pen.measureText(longer).width > most) lines.push(part);
    else lines[lines.length - 1] = longer;
  }
  return lines.slice(0, 2).map((line) => (line.length > 40 ? `${line.slice(0, 39)}…` : line));
}

function ring(pen, i, ink) {
  const [x, y] = onScreen(map.places[3 * i], map.places[3 * i + 1], map.places[3 * i + 2]);
  pen.beginPath(); pen.arc(x, y, radius() + 3, 0, 7); pen.lineWidth = 2; pen.strokeStyle = ink; pen.stroke();
}

function outline(pen, colour) {
  pen.beginPath();
  state.lasso.forEach(([x, y], k) => (k ? pen.lineTo(x, y) : pen.moveTo(x, y)));
  pen.closePath(); pen.lineWidth = 1.5; pen.strokeStyle = colour; pen.setLineDash([5, 4]); pen.stroke();
  pen.setLineDash([]); pen.globalAlpha = 0.1; pen.fillStyle = colour; pen.fill(); pen.globalAlpha = 1;
}

/* ---- pointing */

/* `onScreen` written out: a list for each of 100,000 points would take longer than the rest. */
function nearest(x, y) {
  const p = map.places, [a, b, , c, d, e, , f, g, h, , j, k, l, , o] = matrix, halfW = size.w / 2, halfH = size.h / 2;
  let best = -1, least = (radius() + 5) ** 2;
  for (let i = 0, at = 0; i < map.n; i++, at += 3) {
    if (bright && !bright[i]) continue;
    const px = p[at], py = p[at + 1], pz = p[at + 2], w = c * px + f * py + j * pz + o;
    const dx = ((a * px + d * py + g * pz + k) / w + 1) * halfW - x, dy = (1 - (b * px + e * py + h * pz + l) / w) * halfH - y;
    const away = dx * dx + dy * dy;
    if (w > 0 && away < least) { least = away; best = i; }
  }
  return best;
}

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function placeElement(i) {
  const href = linkOf(i), made = element(href ? "a" : "span", placeOf(i));
  if (href) { made.href = href; made.target = "_blank"; made.rel = "noopener noreferrer"; }
  return made;
}

function showTip(i, x, y, pinned) {
  tip.hidden = i < 0;
  if (i < 0) return;
  tip.classList.toggle("pinned", pinned);
  const topic = element("small"), spot = element("i");
  spot.style.background = colourOf(map.topic[i]);
  topic.append(spot, map.topic[i] ? map.topics[map.topic[i] - 1].label : "fits no topic");
  const where = element("small");
  where.append(placeElement(i));
  tip.replaceChildren(element("b", map.titles[i] || placeOf(i)), element("p", map.snippets[i]), topic, where);
  const { width, height } = tip.getBoundingClientRect();
  const right = $("chosen").hidden ? size.w : $("chosen").getBoundingClientRect().left;
  tip.style.left = `${Math.max(8, x + 16 + width > right ? x - width - 16 : x + 16)}px`;
  tip.style.top = `${Math.max(8, Math.min(size.h - height - 8, y + 14))}px`;
}

function listen() {
  let from = null, moved = 0;
  labels.addEventListener("pointerdown", (event) => {
    labels.setPointerCapture(event.pointerId);
    from = [event.clientX, event.clientY]; moved = 0;
    const draws = event.shiftKey || $("lasso").getAttribute("aria-pressed") === "true";
    state.lasso = draws ? [from] : null;
    labels.classList.toggle("moving", !draws);
  });
  labels.addEventListener("pointermove", (event) => {
    if (!from) return hover(event);
    const dx = event.clientX - from[0], dy = event.clientY - from[1];
    moved += Math.abs(dx) + Math.abs(dy);
    from = [event.clientX, event.clientY];
    view.moved = true;
    if (state.lasso) { state.lasso.push(from); return drawLabels(); }
    if (map.dims === 3 && event.buttons === 1) {
      view.yaw += dx / 200; view.pitch = Math.max(-1.5, Math.min(1.5, view.pitch + dy / 200));
    } else { view.x += dx; view.y -= dy; }
    if (moved > 4) { state.pinned = -1; tip.hidden = true; }
    drawMoving();
  });
  const release = (event) => {
    if (!from) return;
    from = null; labels.classList.remove("moving");
    if (state.lasso) finishLasso();
    else if (moved <= 4) pin(event);
  };
  labels.addEventListener("pointerup", release);
  labels.addEventListener("pointercancel", release);
  labels.addEventListener("pointerleave", () => { if (state.pinned < 0) { state.over = -1; tip.hidden = true; drawLabels(); } });
  labels.addEventListener("contextmenu", (event) => { if (map.dims === 3) event.preventDefault(); });
  labels.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0016)), event.clientX, event.clientY);
  }, { passive: false });
  labels.addEventListener("dblclick", (event) => zoom(2, event.clientX, event.clientY));
  window.addEventListener("resize", () => { measure(); if (!view.moved) fit(all); draw(); });
  document.addEventListener("keydown", keys);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (event) => setTheme(event.matches ? "dark" : "light"));
}

function keys(event) {
  const isInList = $("list").contains(document.activeElement);
  if (event.key === "Escape") {
    state.pinned = -1; tip.hidden = true;
    if (isInList && state.hits) { $("query").focus(); return drawLabels(); }
    $("query").value = ""; state.chosen = null; showFound(null); pick(null);
  }
  if (document.activeElement === $("query") || isInList || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, -60], ArrowDown: [0, 60] }[event.key];
  if (step) { view.x += step[0]; view.y += step[1]; drawMoving(); }
  else if (event.key === "+" || event.key === "=") zoom(1.3, size.w / 2, size.h / 2);
  else if (event.key === "-") zoom(1 / 1.3, size.w / 2, size.h / 2);
  else if (event.key === "/") { event.preventDefault(); $("query").focus(); }
}

function hover(event) {
  if (state.pinned >= 0) return;
  const i = nearest(event.clientX, event.clientY);
  labels.classList.toggle("pointing", i >= 0);
  showTip(i, event.clientX, event.clientY, false);
  if (i !== state.over) { state.over = i; drawLabels(); }
}

function pin(event) {
  state.pinned = nearest(event.clientX, event.clientY);
  showTip(state.pinned, event.clientX, event.clientY, true);
  drawLabels();
}

function zoom(factor, x, y) {
  view.moved = true;
  const next = Math.max(map.scale / 8, Math.min(map.scale * 400, view.scale * factor)), real = next / view.scale;
  const dx = x - size.w / 2, dy = size.h / 2 - y;
  view.x = dx + (view.x - dx) * real; view.y = dy + (view.y - dy) * real; view.scale = next;
  drawMoving();
}

/* ---- choosing */

function finishLasso() {
  const loop = state.lasso, inside = new Set();
  state.lasso = null;
  $("lasso").setAttribute("aria-pressed", "false"); labels.classList.remove("drawing");
  if (loop.length > 2) for (let i = 0; i < map.n; i++) {
    if (bright && !bright[i]) continue;
    const [x, y, w] = onScreen(map.places[3 * i], map.places[3 * i + 1], map.places[3 * i + 2]);
    if (w > 0 && within(loop, x, y)) inside.add(i);
  }
  choose(inside.size ? inside : null);
}

function within(loop, x, y) {
  let inside = false;
  for (let a = 0, b = loop.length - 1; a < loop.length; b = a++) {
    const [ax, ay] = loop[a], [bx, by] = loop[b];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  }
  return inside;
}

function choose(set) {
  state.chosen = set;
  showList();
  relight();
}

const LISTED = 300;

/* What is selected, or else the hits, as a list beside the map. */
function showList() {
  const all = [...(front() || [])];
  $("chosen").hidden = !all.length; $("legend").classList.toggle("short", all.length > 0);
  $("chosen").setAttribute("aria-label", state.chosen ? "Selected chunks" : "Hits");
  const counts = new Map();
  for (const i of all) counts.set(map.topic[i], (counts.get(map.topic[i]) || 0) + 1);
  const mix = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 3);
  $("count").textContent = counted(all.length, state.chosen ? "chunk" : "hit");
  $("mix").textContent = mix.map(([k, c]) => `${Math.round((100 * c) / all.length)} % ${k ? map.topics[k - 1].label : "no topic"}`).join(" · ");
  $("list").replaceChildren(...all.slice(0, LISTED).map(listRow));
  $("list").scrollTop = 0;
}

/* One stop for the Tab key is the list as a whole; the arrow keys go through it. */
function listRow(i, rank) {
  const row = element("li"), open = element("button"), place = placeElement(i);
  open.type = "button"; open.title = "Show on the map";
  open.append(element("b", map.titles[i] || map.snippets[i].slice(0, 80)));
  open.tabIndex = place.tabIndex = rank ? -1 : 0;
  open.addEventListener("click", () => goTo(i));
  open.addEventListener("focus", () => {
    for (const other of $("list").querySelectorAll("button, a")) other.tabIndex = row.contains(other) ? 0 : -1;
    pointAt(i);
  });
  open.addEventListener("keydown", (event) => {
    const rows = [...$("list").children], step = { ArrowDown: rank + 1, ArrowUp: rank - 1, Home: 0, End: rows.length - 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    (step < 0 ? $("query") : (rows[step] || row).firstChild).focus();
  });
  row.addEventListener("pointerenter", () => { if (state.pinned < 0) { state.over = i; drawLabels(); } });
  row.append(open, place);
  return row;
}

/* Shows a point's card where it stands. */
function pointAt(i) {
  state.over = i; state.pinned = -1;
  const [x, y, w] = onScreen(map.places[3 * i], map.places[3 * i + 1], map.places[3 * i + 2]);
  const isSeen = w > 0 && x > 0 && y > 0 && x < size.w && y < size.h;
  showTip(isSeen ? i : -1, x, y, false);
  drawLabels();
}

/* Moves the map so that a point is in the middle of what is free, and holds its card. */
function goTo(i) {
  const place = () => onScreen(map.places[3 * i], map.places[3 * i + 1], map.places[3 * i + 2]);
  const [x, y] = place();
  view.moved = true;
  view.x += (size.w > 820 ? size.w / 2 - 145 : size.w / 2) - x; view.y -= size.h / 2 - y;
  render();
  state.over = state.pinned = i;
  showTip(i, ...place().slice(0, 2), true);
  draw();
}

function pick(topic) {
  state.topic = topic;
  for (const button of $("legend").children) button.setAttribute("aria-pressed", String(Number(button.dataset.topic) === topic));
  relight();
}

/* The words of the box in titles, texts and paths. A page with an engine behind it puts its own search in this place. */
function search() {
  showFound(withWords($("query").value));
}

/* The points that hold all words; null without words. */
function withWords(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean), found = new Set();
  if (!words.length) return null;
  map.lower ||= map.snippets.map((snippet, i) => `${map.titles[i]}\n${snippet}\n${placeOf(i)}`.toLowerCase());
  map.lower.forEach((whole, i) => { if (words.every((word) => whole.includes(word))) found.add(i); });
  return found;
}

/* Lights and lists hits; `ranked` when they come the best first, `note` is told beside their number. */
function showFound(hits, ranked = false, note = "") {
  Object.assign(state, { hits, ranked, chosen: null });
  const told = hits ? [`${counted(hits.size, "hit")}${ranked && hits.size ? ", the best first" : ""}`, note] : [note];
  if (hits && hits.size) told.push("Enter shows them, ↓ lists them");
  $("found").textContent = told.filter(Boolean).join(" · ");
  showList();
  relight();
}

const counted = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

/* ---- controls */

function furnish() {
  $("title").textContent = map.title;
  $("subtitle").textContent = map.subtitle;
  const rows = map.topics.map((topic, k) => legendRow(k + 1, topic.label, topic.size));
  if (map.outliers) rows.push(legendRow(0, "fits no topic", map.outliers));
  $("legend").replaceChildren(...rows);
  $("legend").hidden = !rows.length;
  let typing = 0;
  $("query").addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(search, 120); });
  $("query").addEventListener("keydown", (event) => {
    if (!state.hits || !state.hits.size) return;
    if (event.key === "Enter") { view.moved = true; fit(() => state.hits); drawMoving(); }
    if (event.key === "ArrowDown") { event.preventDefault(); $("list").querySelector("button").focus(); }
  });
  $("lasso").addEventListener("click", () => {
    const on = $("lasso").getAttribute("aria-pressed") !== "true";
    $("lasso").setAttribute("aria-pressed", String(on)); labels.classList.toggle("drawing", on);
  });
  $("labelled").addEventListener("click", () => {
    state.labelled = !state.labelled;
    $("labelled").setAttribute("aria-pressed", String(state.labelled)); drawLabels();
  });
  $("home").addEventListener("click", () => { view.moved = false; fit(all); draw(); });
  $("theme").addEventListener("click", () => setTheme(state.theme === "dark" ? "light" : "dark"));
  $("picture").addEventListener("click", savePicture);
  $("clear").addEventListener("click", () => { if (state.chosen) return choose(null); $("query").value = ""; showFound(null); });
  $("copy").hidden = !navigator.clipboard; // which a page has by https or on its own machine alone
  $("copy").addEventListener("click", () => navigator.clipboard.writeText([...front()].map(placeOf).join("\n")));
}

function legendRow(topic, label, count) {
  const row = element("button"), spot = element("i");
  row.type = "button"; row.dataset.topic = topic; row.title = label;
  row.append(spot, element("span", label), element("em", count.toLocaleString("en")));
  row.addEventListener("click", () => pick(state.topic === topic ? null : topic));
  return row;
}

function setTheme(theme) {
  state.theme = theme;
  document.documentElement.dataset.theme = theme;
  for (const row of $("legend").children) row.firstChild.style.background = colourOf(Number(row.dataset.topic));
  paint();
}

/* The map as it is seen, without the panels, on paper of its own. */
function savePicture() {
  render();
  const sheet = document.createElement("canvas"), pen = sheet.getContext("2d");
  sheet.width = points.width; sheet.height = points.height;
  const style = getComputedStyle(document.documentElement);
  pen.fillStyle = style.getPropertyValue("--paper").trim(); pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.drawImage(points, 0, 0); pen.drawImage(labels, 0, 0);
  pen.scale(size.ratio, size.ratio);
  pen.fillStyle = style.getPropertyValue("--ink").trim(); pen.font = FONT.replace("SIZE", 21); pen.fillText(map.title, 24, 38);
  pen.fillStyle = style.getPropertyValue("--soft").trim(); pen.font = FONT.replace("SIZE", 13).replace("600", "400");
  pen.fillText(map.subtitle, 24, 60);
  sheet.toBlob((blob) => {
    const link = element("a");
    link.href = URL.createObjectURL(blob); link.download = "map.png"; link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });
}

function* all() { for (let i = 0; i < map.n; i++) yield i; }

function measure() {
  size = { w: innerWidth, h: innerHeight, ratio: Math.max(1, devicePixelRatio || 1) };
  for (const canvas of [points, labels]) {
    canvas.width = Math.round(size.w * size.ratio); canvas.height = Math.round(size.h * size.ratio);
  }
}

async function start() {
  map = await unpack();
  measure();
  let far = 0;
  for (let i = 0; i < map.places.length; i++) far = Math.max(far, Math.abs(map.places[i]));
  map.spread = Math.max(far, 1e-6);
  fit(all);
  map.radius = view.radius;
  prepare(); furnish(); listen();
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  render(); // not a frame later: pointing needs its matrix
  $("notice").hidden = true;
}

start().catch((error) => { $("notice").textContent = `This map cannot be shown: ${error.message}`; });
