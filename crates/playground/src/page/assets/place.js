// Where one is: the channel, and the thread and trace that are open beside it. It is in the address, so that reload, back
// and bookmarks work.

import { changed, channelOf, ownChannels, ownDirectMessages, store } from "./store.js";

/** What the address says; the channel is null where it says none. */
export function place() {
  const words = new URLSearchParams(location.hash.slice(1));
  const channel = channelOf(words.get("channel"));
  const isOwn = channel && (channel.kind !== "im" || channel.person === store.me);
  return {
    channel: isOwn ? channel.id : null,
    thread: isOwn ? words.get("thread") : null,
    trace: isOwn ? words.get("trace") : null,
  };
}

/** The channel that is shown: on a wide window there is always one. */
export function shownChannel() {
  return channelOf(place().channel) ?? ownChannels()[0] ?? ownDirectMessages();
}

/** Opens and closes: `go({ thread: null })` closes the thread, what is not named stays. */
export function go(change) {
  const next = { ...place(), ...change };
  if (!next.channel && (next.thread || next.trace)) next.channel = shownChannel()?.id ?? null;
  const words = new URLSearchParams(Object.entries(next).filter(([, value]) => value));
  const hash = `#${words}`;
  if (hash !== location.hash) location.hash = hash;
}

/** Which pane a narrow window shows. */
export function pane({ channel, thread, trace }) {
  if (trace) return "trace";
  if (thread) return "thread";
  return channel ? "channel" : "sidebar";
}

export function followAddress() {
  window.addEventListener("hashchange", () => changed());
}

/** Whether thread and trace have room beside each other. */
export function isWide() {
  return window.matchMedia("(min-width: 1181px)").matches;
}

export function isNarrow() {
  return window.matchMedia("(max-width: 760px)").matches;
}
