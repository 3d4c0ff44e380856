// How far a question is, in a few words.

import { duration, millisOf, now } from "./clock.js";
import { answersTo, channelOf, traceOf } from "./store.js";

/** Whether Slack tells the bot of this message as of a question. */
export function isQuestion(message) {
  if (!message.person || message.deleted) return false;
  const trace = traceOf(message.channel, message.ts);
  if (!trace) return false;
  return channelOf(message.channel)?.kind === "im" || trace.deliveries.some((delivery) => delivery.kind === "app_mention");
}

/** `{ tone, text }`; tone is `good`, `busy`, `slow` or `bad`. */
export function markOf(message) {
  const trace = traceOf(message.channel, message.ts);
  const answers = answersTo(message.channel, message.ts);
  if (answers.length > 1) return { tone: "bad", text: `${answers.length} answers` };
  if (answers.length === 1) {
    if (answers[0].notice) return { tone: "slow", text: "not answered, and told so" };
    return { tone: "good", text: `answered in ${duration(millisOf(answers[0].ts) - trace.said)}` };
  }
  return steps(trace) ?? deliveries(trace.deliveries);
}

function steps(trace) {
  const last = trace.steps.findLast((step) => !["received", "queued", "numbered", "repeated", "disturbed"].includes(step.stage));
  switch (last?.stage) {
    case "claimed": return { tone: "busy", text: `${last.who} is answering` };
    case "answered": case "posting": return { tone: "busy", text: `${last.who} is posting` };
    case "parked": return { tone: "slow", text: last.why ? `waiting: ${last.why}` : "waiting for its turn" };
    case "failed": return { tone: "slow", text: last.why ? `failed, will be tried again: ${last.why}` : "failed, will be tried again" };
    case "given_up": return { tone: "bad", text: "given up" };
    default: return null;
  }
}

function deliveries(all) {
  if (all.some(({ progress }) => progress.state === "acked")) return { tone: "busy", text: "received, waiting for its answer" };
  const waiting = all.filter(({ progress }) => progress.state === "waiting").map(({ progress }) => progress.until);
  const sending = all.some(({ progress }) => progress.state === "sending");
  if (sending && all.every((delivery) => delivery.attempts.length === 0)) return { tone: "busy", text: "sending …" };
  if (sending) return { tone: "slow", text: "not acknowledged yet, sending again …" };
  if (waiting.length > 0) {
    const left = Math.max(0, Math.ceil((Math.min(...waiting) - now()) / 1000));
    return { tone: "slow", text: `not acknowledged yet, retry in ${left} s` };
  }
  if (all.length > 0) return { tone: "bad", text: "not delivered" };
  return { tone: "slow", text: "not sent yet" };
}
