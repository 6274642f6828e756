/* Elements, made without markup: what a document says reaches the page as text alone. */

/**
 * The element of the page with this id.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * A new element.
 * @param {string} name its tag, optionally with classes: "p.small.soft"
 * @param {Record<string, string | number | boolean | null | undefined>} attributes null, undefined and false are left
 *   out, true stands alone. Values come from this program, never from a document, but for titles and labels.
 * @param {...(Node | string | null | undefined)} children strings become text
 * @returns {HTMLElement}
 */
export function element(name, attributes = {}, ...children) {
  const [tag, ...classes] = name.split(".");
  const made = document.createElement(tag);
  if (classes.length) made.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/**
 * A button that does something.
 * @param {string} label
 * @param {(event: Event) => void} act
 * @param {Record<string, string | boolean>} attributes
 * @returns {HTMLElement}
 */
export function button(label, act, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, label);
  made.addEventListener("click", act);
  return made;
}

/**
 * Puts a text into an element and shows it; hides it without one.
 * @param {HTMLElement} holder
 * @param {string} text
 */
export function say(holder, text) {
  if (holder.textContent !== text) holder.textContent = text;
  holder.hidden = !text;
}
