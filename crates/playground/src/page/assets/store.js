// What the page knows of the workspace. The feed fills it; nothing else changes it, apart from who one is here.

import { now } from "./clock.js";

const watchers = new Set();

/** The replies of each root, and the answers to each question: their timestamps by `channel:ts`. */
const threads = new Map();
const answers = new Map();

export const store = {
  ready: false,
  connected: false,
  bot: { id: "", name: "threadkeeper" },
  people: [],
  channels: [],
  statuses: [],
  prompts: [],
  titles: [],
  controls: { workers: 0, kill_worker: false, stop_store: false },
  /** By channel, then by ts. */
  messages: new Map(),
  /** By `channel:ts`. */
  traces: new Map(),
  /** The id of the person who uses this page. */
  me: localStorage.getItem("me"),
};

/** Calls `watcher(change)` after each change; `change.messages` are those that came with it. */
export function watch(watcher) {
  watchers.add(watcher);
}

export function changed(change = {}) {
  for (const watcher of watchers) watcher(change);
}

/** Takes what the feed brings. */
export function take(change) {
  if (change.fresh) {
    store.messages.clear();
    threads.clear();
    answers.clear();
    store.traces.clear();
  }
  if (change.surroundings) Object.assign(store, change.surroundings);
  for (const message of change.messages) keepMessage(message);
  for (const trace of change.traces) store.traces.set(`${trace.channel}:${trace.ts}`, trace);
  if (!store.people.some((person) => person.id === store.me)) store.me = store.people.find((person) => person.name === "you")?.id ?? store.people[0]?.id ?? null;
  store.ready = true;
  changed(change);
}

function keepMessage(message) {
  of(message.channel).set(message.ts, message);
  if (message.thread_ts) add(threads, `${message.channel}:${message.thread_ts}`, message.ts);
  if (message.answers) add(answers, `${message.channel}:${message.answers}`, message.ts);
}

function add(index, key, ts) {
  if (!index.has(key)) index.set(key, new Set());
  index.get(key).add(ts);
}

/** The messages of an entry of an index that are there. */
function listed(index, channel, key) {
  const found = [...(index.get(`${channel}:${key}`) ?? [])].map((ts) => of(channel).get(ts));
  return sorted(found.filter((message) => message && !message.deleted));
}

export function become(person) {
  store.me = person;
  localStorage.setItem("me", person);
  changed();
}

function of(channel) {
  if (!store.messages.has(channel)) store.messages.set(channel, new Map());
  return store.messages.get(channel);
}

export function channelOf(id) {
  return store.channels.find((channel) => channel.id === id);
}

/** The direct messages between the bot and the person who uses this page. */
export function ownDirectMessages() {
  return store.channels.find((channel) => channel.kind === "im" && channel.person === store.me);
}

/** What the person who uses this page can open. */
export function ownChannels() {
  return store.channels.filter((channel) => channel.kind !== "im");
}

/** Messages in the order in which they were written. */
function sorted(messages) {
  return messages.sort((a, b) => (a.ts.length - b.ts.length) || (a.ts < b.ts ? -1 : 1));
}

/** All messages of a channel that are there, replies too. */
export function messagesOf(channel) {
  return sorted([...of(channel).values()].filter((message) => !message.deleted));
}

/** The top level of a channel; a deleted root stays for its replies. */
export function topLevel(channel) {
  const all = [...of(channel).values()];
  return sorted(all.filter((message) => (!message.thread_ts || message.broadcast) && (!message.deleted || repliesTo(channel, message.ts).length > 0)));
}

export function repliesTo(channel, root) {
  return listed(threads, channel, root);
}

export function messageAt(channel, ts) {
  return of(channel).get(ts);
}

export function traceOf(channel, ts) {
  return store.traces.get(`${channel}:${ts}`);
}

/** The visible answers to a question, and the notices about it. */
export function answersTo(channel, ts) {
  return listed(answers, channel, ts).filter((message) => message.answers === ts);
}

export function statusIn(channel, root) {
  return store.statuses.find((status) => status.channel === channel && status.thread_ts === root && now() < status.until)?.text;
}

/** What the bot calls a thread. */
export function titleOf(channel, root) {
  return store.titles.find((title) => title.channel === channel && title.thread_ts === root)?.title;
}

/** Who wrote a message. */
export function authorOf(message) {
  if (!message.person) return { id: store.bot.id, name: store.bot.name, isBot: true };
  const person = store.people.find((known) => known.id === message.person);
  return { id: message.person, name: person?.name ?? message.person, isBot: false };
}
