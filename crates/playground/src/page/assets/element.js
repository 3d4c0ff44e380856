// Building elements. Text always becomes text: nothing here takes markup.

const SVG = document.querySelector("svg").namespaceURI;

/** `element("button", { class: "plain", onclick: act, "aria-label": "Close" }, icon("close"), "Close")` */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** One of the symbols of the page. */
export function icon(name) {
  const image = document.createElementNS(SVG, "svg");
  image.setAttribute("class", "icon");
  image.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  image.append(use);
  return image;
}

/** A button that shows an icon only. */
export function iconButton(name, label, onclick, attributes = {}) {
  return element("button", { type: "button", class: "icon-button", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}

/** The picture of a member: the first letter, or the app's sign. */
export function avatar(member) {
  if (member.isBot) return element("span", { class: "avatar bot", "aria-hidden": "true" }, icon("keeper"));
  const sum = [...member.id].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return element("span", { class: `avatar tint-${sum % 6}`, "aria-hidden": "true" }, [...member.name][0].toUpperCase());
}

const FOCUSABLE = "button, a, input, [tabindex]";

/**
 * Makes the children of `parent` show `items` in their order, and leaves alone those that have not changed: what is
 * focused, selected or being typed in stays. `make` is called where `look` (any text) is another than before.
 */
export function keep(parent, items, { key, look, make }) {
  const before = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = key(item);
    const appearance = look(item);
    let child = before.get(name);
    before.delete(name);
    if (!child || child.dataset.look !== appearance) {
      const made = make(item);
      made.dataset.key = name;
      made.dataset.look = appearance;
      if (child) {
        if (child === place) place = made;
        const focused = [...child.querySelectorAll(FOCUSABLE)].indexOf(document.activeElement);
        child.replaceWith(made);
        if (focused >= 0) made.querySelectorAll(FOCUSABLE)[focused]?.focus();
      }
      child = made;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
  }
  for (const gone of before.values()) gone.remove();
}
