// What a person does. Each returns the playground's answer, or shows why it was not done.

import { store } from "./store.js";

export const say = (channel, text, thread_ts, files) => act("say", { channel, user: store.me, text, thread_ts: thread_ts ?? null, files });
export const edit = (message, text) => act("edit", { channel: message.channel, user: store.me, ts: message.ts, text });
export const remove = (message) => act("delete", { channel: message.channel, user: store.me, ts: message.ts });
export const press = (message, { block_id, action_id, value }) => act("press", { channel: message.channel, ts: message.ts, user: store.me, block_id, action_id, value });
export const openChannel = (name) => act("open-channel", { name });
export const addPerson = (name) => act("add-person", { name });
export const deliverTwice = (channel, ts) => act("deliver-twice", { channel, ts });
export const killWorker = (channel, ts) => act("kill-worker", { channel, ts });
export const stopStore = (channel, ts) => act("stop-store", { channel, ts });

/** The answer, or null if there was none. */
async function act(name, body) {
  try {
    const response = await fetch(`/acts/${name}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const answer = await response.json().catch(() => ({ error: `the playground answered ${response.status}` }));
    if (!response.ok) throw new Error(answer.error);
    if (answer.said) notice(answer.said);
    return answer;
  } catch (error) {
    notice(error instanceof TypeError ? "The playground cannot be reached." : sentence(error.message), true);
    return null;
  }
}

let fading;

/** Shows a sentence for some seconds. */
function notice(text, isFailure = false) {
  const place = document.getElementById("notice");
  place.textContent = text;
  place.classList.toggle("failure", isFailure);
  place.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { place.hidden = true; }, 5000);
}

function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");
}
