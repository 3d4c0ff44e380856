// The pane of a channel, or of the bot's direct messages.

import { composer } from "./composer.js";
import { dayOf, millisOf } from "./clock.js";
import { avatar, element, icon, iconButton, keep } from "./element.js";
import { continues, lookOf, messageRow } from "./message.js";
import { go, isNarrow, isWide, shownChannel } from "./place.js";
import { changed, store, topLevel } from "./store.js";

const pane = document.getElementById("channel");

/** So many messages are shown at first, and more with each wish for older ones. */
const PAGE = 200;

/** The channel whose frame (head, list, composer) stands there, and its parts. */
let frame = null;

export function showChannel() {
  const channel = shownChannel();
  if (!channel) {
    pane.replaceChildren(element("div", { class: "empty" }, element("p", {}, store.ready ? "There is no channel yet. Add one." : "Loading …")));
    frame = null;
    return;
  }
  const prompts = JSON.stringify(store.prompts.filter((prompt) => prompt.channel === channel.id));
  if (frame?.id !== channel.id || frame.me !== store.me || frame.prompts !== prompts) build(channel, prompts);
  const all = topLevel(channel.id);
  const messages = all.slice(-frame.most);
  const atEnd = isAtEnd(frame.scroller);
  keep(frame.list, withDays(messages), {
    key: (row) => row.day ?? row.message.ts,
    look: (row) => row.day ?? lookOf(row.message, row),
    make: (row) => (row.day ? element("li", { class: "day" }, element("span", {}, row.day)) : messageRow(row.message, row)),
  });
  frame.older.hidden = all.length === messages.length;
  frame.empty.hidden = messages.length > 0;
  if (atEnd) frame.scroller.scrollTop = frame.scroller.scrollHeight;
}

/** Messages with the days between them. */
function withDays(messages) {
  const rows = [];
  let before = null;
  for (const message of messages) {
    const day = dayOf(millisOf(message.ts));
    const isNewDay = !before || dayOf(millisOf(before.ts)) !== day;
    if (isNewDay) rows.push({ day });
    rows.push({ message, inThread: false, compact: !isNewDay && continues(message, before) });
    before = message;
  }
  return rows;
}

function build(channel, prompts) {
  const direct = channel.kind === "im";
  const name = direct ? store.bot.name : channel.name;
  const list = element("ol", { class: "messages", "aria-label": `Messages in ${name}` });
  const empty = element("div", { class: "empty" });
  const older = element("button", { type: "button", class: "link older", hidden: true, onclick: () => { frame.most += PAGE; changed(); } }, "Show older messages");
  const scroller = element("div", { class: "scroller", tabindex: "-1" }, empty, older, list);
  const { whole, field, fill } = composer({
    channel: channel.id, thread: null,
    label: direct ? `Message ${name}` : `Message #${name}`,
    hint: direct ? "Each message begins a thread." : `Mention @${store.bot.name} to ask it.`,
    after: (what) => said(channel, what, scroller),
  });
  empty.append(...beginning(channel, name, (text) => { fill(text); field.focus(); }));
  pane.setAttribute("aria-label", direct ? `Direct messages with ${name}` : `Channel ${name}`);
  pane.replaceChildren(
    element("header", {},
      iconButton("back", "Back to the channels", () => go({ channel: null, thread: null, trace: null }), { class: "icon-button back" }),
      direct ? avatar({ ...store.bot, isBot: true }) : icon(channel.kind === "group" ? "lock" : "hash"),
      element("h2", {}, name), direct && element("span", { class: "badge" }, "App")),
    scroller, whole);
  frame = { id: channel.id, me: store.me, prompts, list, empty, older, scroller, most: PAGE };
  scroller.scrollTop = scroller.scrollHeight;
  if (!isNarrow()) field.focus();
}

/** What stands in a place where nothing was said yet. */
function beginning(channel, name, write) {
  const ask = element("button", { type: "button", class: "primary", onclick: () => write(channel.kind === "im" ? "" : `@${store.bot.name} `) }, "Ask a question");
  if (channel.kind === "im") {
    const prompts = store.prompts.filter((prompt) => prompt.channel === channel.id);
    const offered = prompts.map((prompt) => element("button", { type: "button", class: "prompt", onclick: () => write(prompt.message) }, prompt.title));
    return [avatar({ ...store.bot, isBot: true }), element("h3", {}, `Ask ${name}`), element("p", {}, "It answers in a thread under your message, from the documents it was given. Write on in the thread: it remembers what was said there."), offered.length > 0 ? element("div", { class: "prompts" }, offered) : ask];
  }
  return [icon("hash"), element("h3", {}, `This is #${name}`), element("p", {}, `Mention @${store.bot.name} with a question and it answers in a thread. Mention it again there to ask further: whichever worker takes it knows what was said before.`), ask];
}

/** After one has said something: it is in view, and a question's thread is open. */
function said(channel, { ts, is_question: isQuestion }, scroller) {
  scroller.scrollTop = scroller.scrollHeight;
  if (!isQuestion) return;
  if (!isNarrow()) go({ channel: channel.id, thread: ts, trace: isWide() ? ts : null });
  else if (channel.kind === "im") go({ channel: channel.id, thread: ts, trace: null });
}

export function isAtEnd(scroller) {
  return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 80;
}
