// The page: what changes is shown.

import { showChannel } from "./channel.js";
import { everySecond } from "./clock.js";
import { follow } from "./feed.js";
import { isWriting } from "./message.js";
import { followAddress, go, pane, place, shownChannel } from "./place.js";
import { showSidebar } from "./sidebar.js";
import { authorOf, store, watch } from "./store.js";
import { plain } from "./text.js";
import { applyTheme } from "./theme.js";
import { showThread } from "./thread.js";
import { showTrace } from "./trace.js";

function show() {
  const here = place();
  document.body.dataset.pane = pane(here);
  document.body.dataset.beside = [here.thread && "thread", here.trace && "trace"].filter(Boolean).join(" ");
  showSidebar();
  showChannel();
  showThread();
  showTrace();
  const channel = shownChannel();
  document.title = channel ? `${channel.kind === "im" ? store.bot.name : `#${channel.name}`} – Playground` : "Playground";
}

/** Reads out what others say where one is; what is still being written, when it is finished. */
function announce({ messages = [], fresh }) {
  if (fresh) return;
  const channel = shownChannel()?.id;
  const heard = messages.filter((message) => message.channel === channel && !message.deleted && !isWriting(message) && message.person !== store.me);
  if (heard.length === 0) return;
  const sentences = heard.map((message) => `${authorOf(message).name}: ${[plain(message.nodes).slice(0, 200), ...message.files.map((file) => file.name)].join(" ")}`);
  document.getElementById("announcements").textContent = sentences.join(". ");
}

let isDue = false;

/** Many changes in one moment are shown once. */
function soon() {
  if (isDue) return;
  isDue = true;
  queueMicrotask(() => { isDue = false; show(); });
}

applyTheme();
watch(soon);
watch(announce);
followAddress();
document.addEventListener("visibilitychange", soon);
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const { thread, trace } = place();
  if (trace && (!thread || document.getElementById("trace").contains(document.activeElement))) go({ trace: null });
  else if (thread) go({ thread: null });
});
everySecond(soon);
show();
follow();
