// A message's text: the tree that the playground read from it, as elements.

import { element } from "./element.js";

const SIMPLE = { paragraph: "p", quote: "blockquote", strong: "strong", emphasis: "em", strike: "s" };

/** `press(button)` is what a button does; text in which nothing can be pressed needs none. */
export function text(nodes, press) {
  return nodes.map((node) => (node.kind === "actions" ? buttons(node.buttons, press) : one(node)));
}

function buttons(all, press) {
  return element("div", { class: "presses" }, all.map((button) => element("button", {
    type: "button", class: ["press", button.tone].filter(Boolean).join(" "), "aria-label": button.title ?? undefined,
    disabled: !press, onclick: () => press(button),
  }, button.label)));
}

/** The same in one line, for summaries. */
export function plain(nodes) {
  return nodes.map((node) => {
    if (node.text !== undefined) return node.text;
    if (node.kind === "break" || node.kind === "rule") return " ";
    if (node.kind === "list") return node.items.map(plain).join(" ");
    if (node.kind === "table") return node.rows.flat().map(plain).join(" ");
    return node.children ? plain(node.children) + (node.kind === "paragraph" || node.kind === "heading" ? " " : "") : "";
  }).join("").replace(/\s+/g, " ");
}

function one(node) {
  switch (node.kind) {
    case "text": return node.text;
    case "break": return element("br");
    case "rule": return element("hr");
    case "heading": return element("p", { class: `heading level-${node.level}`, role: "heading", "aria-level": String(node.level + 2) }, text(node.children));
    case "list": return list(node);
    case "code": return element("code", {}, node.text);
    case "code_block": return element("pre", { tabindex: "0", "aria-label": node.language ? `Code, ${node.language}` : "Code" }, element("code", {}, node.text));
    case "context": return element("div", { class: "context" }, text(node.children));
    case "link": return element("a", { href: node.address, target: "_blank", rel: "noopener noreferrer nofollow" }, text(node.children));
    case "mention": return element("span", { class: "mention" }, node.text);
    case "task": return element("input", { type: "checkbox", disabled: true, checked: node.done, "aria-label": node.done ? "done" : "to do" });
    case "table": return table(node.rows);
    default: return element(SIMPLE[node.kind] ?? "span", {}, text(node.children ?? []));
  }
}

function list({ start, items }) {
  const numbered = start !== null;
  const entries = items.map((item) => element("li", {}, text(item)));
  return element(numbered ? "ol" : "ul", numbered && start !== 1 ? { start: String(start) } : {}, entries);
}

function table([head = [], ...rows]) {
  const row = (tag) => (cells) => element("tr", {}, cells.map((cell) => element(tag, {}, text(cell))));
  const whole = element("table", {}, element("thead", {}, row("th")(head)), element("tbody", {}, rows.map(row("td"))));
  return element("div", { class: "table", tabindex: "0" }, whole);
}
