// Channels, the bot's direct messages, and the people one can be.

import { addPerson, openChannel } from "./acts.js";
import { avatar, element, icon, iconButton } from "./element.js";
import { go, isNarrow, place, shownChannel } from "./place.js";
import { switchTheme } from "./theme.js";
import { become, messagesOf, ownChannels, ownDirectMessages, store } from "./store.js";

const sidebar = document.getElementById("sidebar");

/** What one has seen of each channel: the ts of its last message. */
const seen = JSON.parse(localStorage.getItem("seen") ?? "{}");

let looked = "";

export function showSidebar() {
  const shown = shownChannel();
  if (shown && document.visibilityState === "visible" && !(isNarrow() && !place().channel)) see(shown.id);
  const direct = ownDirectMessages();
  const look = JSON.stringify([store.people, ownChannels(), direct, store.me, shown?.id, store.connected, unreadChannels()]);
  if (look === looked) return;
  looked = look;
  const focused = document.activeElement?.dataset?.name;
  sidebar.replaceChildren(
    element("header", {}, element("h1", {}, "Playground"), element("span", { class: `light ${store.connected ? "on" : "off"}`, title: store.connected ? "Live" : "Not connected", role: "img", "aria-label": store.connected ? "Live" : "Not connected" }), iconButton("sun", "Light or dark", switchTheme)),
    section("Channels", "channel", openChannel, ownChannels().map((channel) => channelEntry(channel, shown))),
    section("Direct messages", null, null, direct ? [channelEntry(direct, shown)] : []),
    section("People", "person", addPerson, store.people.map(personEntry), "You can speak as anybody here."),
  );
  if (focused) sidebar.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
}

function section(title, what, add, entries, hint) {
  const button = add && iconButton("plus", `Add a ${what}`, () => askForName(what, add));
  return element("section", {}, element("div", { class: "title" }, element("h2", {}, title), button), hint && element("p", { class: "hint" }, hint), element("ul", {}, entries.map((entry) => element("li", {}, entry))));
}

function channelEntry(channel, shown) {
  const direct = channel.kind === "im";
  const unread = unreadChannels().includes(channel.id);
  return element("button", {
    type: "button", class: unread ? "entry unread" : "entry", "data-name": channel.id,
    "aria-current": channel.id === shown?.id ? "page" : null,
    onclick: () => go({ channel: channel.id, thread: null, trace: null }),
  }, direct ? avatar({ ...store.bot, isBot: true }) : icon(channel.kind === "group" ? "lock" : "hash"),
  element("span", { class: "label" }, direct ? store.bot.name : channel.name), direct && element("span", { class: "badge" }, "App"), unread && element("span", { class: "unseen" }, "unread"));
}

function personEntry(person) {
  const isMe = person.id === store.me;
  return element("button", { type: "button", class: "entry person", "data-name": person.id, "aria-pressed": String(isMe), title: isMe ? "You speak as this person" : `Speak as ${person.name}`, onclick: () => switchTo(person) },
    avatar({ ...person, isBot: false }), element("span", { class: "label" }, person.name), isMe && element("span", { class: "badge me" }, "active"));
}

/** One who reads the bot's direct messages reads one's own afterwards. */
function switchTo(person) {
  const wasDirect = shownChannel()?.kind === "im";
  become(person.id);
  if (wasDirect) go({ channel: ownDirectMessages()?.id ?? null, thread: null, trace: null });
}

function see(channel) {
  const last = messagesOf(channel).at(-1)?.ts;
  if (!last || seen[channel] === last) return;
  seen[channel] = last;
  localStorage.setItem("seen", JSON.stringify(seen));
}

function unreadChannels() {
  return [...ownChannels(), ownDirectMessages()].filter((channel) => {
    const last = channel && messagesOf(channel.id).at(-1);
    return last && last.person !== store.me && !(seen[channel.id] >= last.ts);
  }).map((channel) => channel.id);
}

function askForName(what, add) {
  const field = element("input", { type: "text", required: true, maxlength: "80", pattern: "[\\p{L}\\p{N}_\\-]+", "aria-label": `Name of the ${what}`, placeholder: what === "channel" ? "e.g. operations" : "e.g. linus", autocomplete: "off", spellcheck: "false" });
  const dialog = element("dialog", { class: "dialog", "aria-label": `Add a ${what}` },
    element("form", { method: "dialog" }, element("h2", {}, `Add a ${what}`), field, element("div", { class: "row" },
      element("button", { class: "plain", value: "no", formnovalidate: true, type: "button", onclick: () => dialog.close("no") }, "Cancel"),
      element("button", { class: "primary", value: "yes" }, "Add"))));
  dialog.addEventListener("close", async () => {
    const name = field.value;
    dialog.remove();
    if (dialog.returnValue !== "yes") return;
    const added = await add(name);
    if (added && what === "channel") go({ channel: added.id, thread: null, trace: null });
    if (added && what === "person") become(added.id);
  });
  document.body.append(dialog);
  dialog.showModal();
}
