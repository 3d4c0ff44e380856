// The pane of a thread: its root, the replies, what the bot is doing, and a composer.

import { isAtEnd } from "./channel.js";
import { composer } from "./composer.js";
import { element, iconButton, keep } from "./element.js";
import { continues, lookOf, messageRow } from "./message.js";
import { go, isNarrow, place } from "./place.js";
import { channelOf, messageAt, repliesTo, statusIn, store, titleOf } from "./store.js";

const pane = document.getElementById("thread");

/** The thread whose frame stands there, and its parts. */
let frame = null;

export function showThread() {
  const { channel: id, thread } = place();
  const channel = channelOf(id);
  const root = channel && thread ? messageAt(id, thread) : null;
  pane.hidden = !root;
  if (!root) {
    frame = null;
    pane.replaceChildren();
    return;
  }
  if (frame?.name !== `${id}:${thread}:${store.me}`) build(channel, thread);
  const replies = repliesTo(id, thread);
  const atEnd = isAtEnd(frame.scroller);
  const rows = [root, ...replies].map((message, index, all) => ({ message, inThread: true, compact: index > 1 && continues(message, all[index - 1]) }));
  const [first, ...rest] = rows;
  const count = { count: replies.length };
  keep(frame.list, [first, ...(replies.length > 0 ? [count] : []), ...rest], {
    key: (row) => row.message?.ts ?? "count",
    look: (row) => (row.message ? lookOf(row.message, row) : String(row.count)),
    make: (row) => (row.message ? messageRow(row.message, row) : element("li", { class: "day replies" }, element("span", {}, row.count === 1 ? "1 reply" : `${row.count} replies`))),
  });
  frame.heading.textContent = titleOf(id, thread) ?? "Thread";
  const status = statusIn(id, thread);
  frame.status.textContent = status ? `${store.bot.name} ${status}` : "";
  frame.status.hidden = !status;
  if (atEnd) frame.scroller.scrollTop = frame.scroller.scrollHeight;
}

function build(channel, thread) {
  const direct = channel.kind === "im";
  const list = element("ol", { class: "messages", "aria-label": "Messages in the thread" });
  const scroller = element("div", { class: "scroller", tabindex: "-1" }, list);
  const heading = element("h2", {});
  const status = element("p", { class: "working", role: "status", hidden: true });
  const { whole, field } = composer({
    channel: channel.id, thread, label: "Reply …",
    hint: direct ? "" : `Mention @${store.bot.name} again to ask it.`,
    after: ({ ts, is_question: isQuestion }) => {
      scroller.scrollTop = scroller.scrollHeight;
      if (place().trace && isQuestion) go({ trace: ts });
    },
  });
  pane.replaceChildren(
    element("header", {}, iconButton("back", "Back to the channel", () => go({ thread: null }), { class: "icon-button back" }),
      heading, element("span", { class: "where" }, direct ? store.bot.name : `#${channel.name}`),
      iconButton("close", "Close the thread", () => go({ thread: null }), { class: "icon-button close" })),
    scroller, status, whole);
  frame = { name: `${channel.id}:${thread}:${store.me}`, list, scroller, status, heading };
  scroller.scrollTop = scroller.scrollHeight;
  if (!isNarrow()) field.focus();
}
