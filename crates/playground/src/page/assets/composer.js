// Where one writes: Enter sends, Shift+Enter begins a new line, @ offers names.

import { say } from "./acts.js";
import { element, icon, iconButton } from "./element.js";
import { filePicker } from "./files.js";
import { startEditing } from "./message.js";
import { messagesOf, store } from "./store.js";

/** Drafts by place, so that a look elsewhere loses nothing. */
const drafts = new Map();
const draftFiles = new Map();

/** `after({ ts, is_question })` is called when something was said. */
export function composer({ channel, thread, label, hint, after }) {
  const name = `${channel}:${thread ?? ""}`;
  const field = element("textarea", { rows: "1", placeholder: label, "aria-label": label, autocomplete: "off", "aria-autocomplete": "list", "aria-expanded": "false" });
  const names = element("ul", { class: "names", role: "listbox", "aria-label": "Members", hidden: true, id: `names-${name}` });
  field.setAttribute("aria-controls", names.id);
  const completion = completing(field, names);
  if (!draftFiles.has(name)) draftFiles.set(name, []);
  const files = draftFiles.get(name);
  const picker = filePicker(files, () => { changedText(); field.focus(); });
  const send = async () => {
    const text = field.value;
    const sent = [...files];
    if (text.trim() === "" && sent.length === 0) return;
    attach([]);
    fill("");
    const said = await say(channel, text, thread, sent);
    if (said) after?.(said);
    else if (field.value === "" && files.length === 0) { attach(sent); fill(text); }
  };
  const attach = (wanted) => { files.splice(0, files.length, ...wanted); picker.show(); };
  const fill = (text) => { field.value = text; changedText(); };
  const changedText = () => {
    drafts.set(name, field.value);
    field.rows = Math.min(10, field.value.split("\n").length);
    button.disabled = field.value.trim() === "" && files.length === 0;
  };
  const button = element("button", { type: "button", class: "send", "aria-label": "Send", title: "Send", onclick: () => { send(); field.focus(); } }, icon("send"));
  const mention = iconButton("at", `Mention ${store.bot.name}`, () => {
    field.setRangeText(`@${store.bot.name} `, field.selectionStart, field.selectionEnd, "end");
    changedText();
    field.focus();
  });
  field.addEventListener("input", () => { changedText(); completion.look(); });
  field.addEventListener("blur", () => completion.close());
  field.addEventListener("keydown", (event) => {
    if (completion.takes(event)) { changedText(); return; }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
    if (event.key === "ArrowUp" && field.value === "") editLast(event, channel, thread);
  });
  field.value = drafts.get(name) ?? "";
  const whole = element("div", { class: "composer" }, names, element("div", { class: "box" }, field, picker.list, element("div", { class: "row" }, mention, picker.button, picker.input, element("span", { class: "hint" }, hint), button)));
  changedText();
  return { whole, field, fill };
}

/** As in Slack: the arrow up in an empty field edits what one said last. */
function editLast(event, channel, thread) {
  const here = messagesOf(channel).filter((message) => (thread ? message.thread_ts === thread || message.ts === thread : !message.thread_ts));
  const last = here.findLast((message) => message.person === store.me);
  if (!last) return;
  event.preventDefault();
  startEditing(last, Boolean(thread));
}

/** Offers the names that go on with what stands after the last @. */
function completing(field, list) {
  let offered = [];
  let chosen = 0;
  const begun = () => /(^|[^\p{L}\p{N}])@([\p{L}\p{N}_-]*)$/u.exec(field.value.slice(0, field.selectionStart));
  const close = () => { offered = []; list.hidden = true; field.setAttribute("aria-expanded", "false"); field.removeAttribute("aria-activedescendant"); };
  const show = () => {
    list.replaceChildren(...offered.map((name, index) => element("li", {
      role: "option", id: `${list.id}-${index}`, "aria-selected": String(index === chosen),
      onmousedown: (event) => { event.preventDefault(); insert(name); },
    }, `@${name}`, name === store.bot.name && element("span", { class: "badge" }, "App"))));
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    field.setAttribute("aria-activedescendant", `${list.id}-${chosen}`);
  };
  const look = () => {
    const match = begun();
    const all = [store.bot.name, ...store.people.map((person) => person.name)];
    offered = match ? all.filter((name) => name.startsWith(match[2].toLowerCase()) && name !== match[2]) : [];
    chosen = 0;
    if (offered.length > 0) show(); else close();
  };
  const insert = (name) => {
    const match = begun();
    if (match) field.setRangeText(`${name} `, field.selectionStart - match[2].length, field.selectionStart, "end");
    close();
    field.dispatchEvent(new Event("input"));
  };
  /** Whether a key was for the list. */
  const takes = (event) => {
    if (offered.length === 0 || event.isComposing) return false;
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in moves) { chosen = (chosen + moves[event.key] + offered.length) % offered.length; show(); }
    else if (event.key === "Enter" || event.key === "Tab") insert(offered[chosen]);
    else if (event.key === "Escape") close();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { look, close, takes };
}
