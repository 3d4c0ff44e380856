// One message, in a channel or in a thread.

import { edit, press, remove } from "./acts.js";
import { exactTimeOf, millisOf, now, timeOf } from "./clock.js";
import { avatar, element, iconButton } from "./element.js";
import { fileList } from "./files.js";
import { isQuestion, markOf } from "./mark.js";
import { go, place } from "./place.js";
import { authorOf, changed, messageAt, repliesTo, statusIn, store } from "./store.js";
import { plain, text } from "./text.js";

/** Messages of one author within this time stand under one name. */
const TOGETHER_MS = 5 * 60_000;

/** The message that is being edited, and whether in the pane of a thread: it may stand in two panes. */
let edited = null;

export function startEditing(message, inThread) {
  edited = { channel: message.channel, ts: message.ts, inThread };
  changed();
}

/** Whether the bot is still writing a message. */
export function isWriting(message) {
  return Boolean(message.writing_until) && now() < message.writing_until;
}

function isEdited(message, inThread) {
  return edited !== null && edited.ts === message.ts && edited.channel === message.channel && edited.inThread === inThread;
}

/** Whether a message stands under the name of the one before it. */
export function continues(message, before) {
  return Boolean(before) && !before.deleted && !message.deleted && before.person === message.person && millisOf(message.ts) - millisOf(before.ts) < TOGETHER_MS;
}

/** Everything that its appearance depends on, as text; see `keep`. */
export function lookOf(message, { inThread, compact }) {
  // While it is edited nothing may replace the field.
  if (isEdited(message, inThread)) return `edited ${compact}`;
  return JSON.stringify([
    message, isWriting(message), compact, message.person === store.me, authorOf(message).name,
    isQuestion(message) ? markOf(message) : null,
    inThread || message.thread_ts ? null : summaryOf(message),
    place().trace === message.ts,
  ]);
}

export function messageRow(message, { inThread, compact }) {
  const author = authorOf(message);
  const at = millisOf(message.ts);
  const time = element("time", { datetime: new Date(at).toISOString(), title: exactTimeOf(at) }, timeOf(at));
  const kinds = ["message", compact && "compact", !message.person && "by-bot", message.notice && "is-notice", place().trace === message.ts && "is-traced"];
  const name = element("div", { class: "byline" }, element("strong", {}, author.name), author.isBot && element("span", { class: "badge" }, "App"), time);
  return element("li", { class: kinds.filter(Boolean).join(" "), "data-ts": message.ts },
    element("div", { class: "gutter" }, compact ? time.cloneNode(true) : avatar(author)),
    element("div", { class: "content" },
      !compact && name,
      body(message, inThread),
      message.files?.length > 0 && fileList(message.files),
      isQuestion(message) && mark(message),
      !inThread && !message.thread_ts && summary(message),
      message.thread_ts && !inThread && element("button", { type: "button", class: "link", onclick: () => go({ channel: message.channel, thread: message.thread_ts }) }, "replied in a thread"),
    ),
    !message.deleted && actions(message, inThread));
}

function body(message, inThread) {
  if (message.deleted) return element("p", { class: "gone" }, "This message was deleted.");
  if (isEdited(message, inThread)) return editor(message);
  const shown = element("div", { class: "text" }, text(message.nodes, (button) => press(message, button)));
  if (isWriting(message)) shown.append(element("p", { class: "working writing" }, "writing"));
  if (message.edited) {
    const last = shown.lastElementChild?.tagName === "P" ? shown.lastElementChild : shown;
    last.append(element("span", { class: "edited" }, " (edited)"));
  }
  return shown;
}

function editor(message) {
  const close = () => { edited = null; changed(); };
  const field = element("textarea", { rows: String(Math.min(12, message.typed.split("\n").length + 1)), "aria-label": "Edit the message" });
  field.value = message.typed;
  const save = async () => { if (field.value.trim() === "" || await edit(message, field.value)) close(); };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); save(); }
    if (event.key === "Escape") { event.stopPropagation(); close(); }
  });
  queueMicrotask(() => { field.focus(); field.setSelectionRange(field.value.length, field.value.length); });
  return element("div", { class: "editor" }, field, element("div", { class: "row" },
    element("button", { type: "button", class: "plain", onclick: close }, "Cancel"),
    element("button", { type: "button", class: "primary", onclick: save }, "Save")));
}

function mark(message) {
  const { tone, text: words } = markOf(message);
  const open = place().trace === message.ts;
  return element("button", {
    type: "button", class: `mark ${tone}`, "aria-expanded": String(open), title: "Show its way through the system",
    onclick: () => go({ channel: message.channel, trace: open ? null : message.ts }),
  }, element("span", { class: "dot", "aria-hidden": "true" }), words);
}

function summaryOf(message) {
  const replies = repliesTo(message.channel, message.ts);
  const people = [...new Map(replies.map((reply) => [reply.person, authorOf(reply)])).values()];
  return { count: replies.length, last: replies.at(-1)?.ts, people, status: statusIn(message.channel, message.ts) };
}

/** What a root shows of its thread. */
function summary(message) {
  const { count, last, people, status } = summaryOf(message);
  if (count === 0 && !status) return null;
  const open = () => go({ channel: message.channel, thread: message.ts });
  return element("button", { type: "button", class: "summary", onclick: open, "aria-label": `Open the thread, ${count} replies` },
    people.slice(0, 4).map(avatar),
    count > 0 && element("span", { class: "count" }, count === 1 ? "1 reply" : `${count} replies`),
    status ? element("span", { class: "status" }, `${store.bot.name} ${status}`) : element("span", { class: "last" }, `Last reply ${timeOf(millisOf(last))}`));
}

function actions(message, inThread) {
  const own = message.person === store.me;
  const buttons = [
    !inThread && iconButton("reply", "Reply in thread", () => go({ channel: message.channel, thread: message.thread_ts ?? message.ts })),
    isQuestion(message) && iconButton("way", "Show its way through the system", () => go({ channel: message.channel, trace: message.ts })),
    own && iconButton("edit", "Edit the message", () => startEditing(message, inThread)),
    own && iconButton("delete", "Delete the message", () => askToDelete(message)),
  ].filter(Boolean);
  return buttons.length > 0 && element("div", { class: "actions" }, buttons);
}

function askToDelete(message) {
  const shown = plain(message.nodes).slice(0, 200) || message.files.map((file) => file.name).join(", ");
  const dialog = element("dialog", { class: "dialog", "aria-label": "Delete the message" },
    element("h2", {}, "Delete this message?"),
    element("p", { class: "quoted" }, shown),
    element("p", {}, "It cannot be undone."),
    element("form", { method: "dialog", class: "row" },
      element("button", { class: "plain", value: "no" }, "Cancel"),
      element("button", { class: "danger", value: "yes" }, "Delete")));
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "yes" && messageAt(message.channel, message.ts)) remove(message);
    dialog.remove();
  });
  document.body.append(dialog);
  dialog.showModal();
}
