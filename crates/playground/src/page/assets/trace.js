// The way of one question through the system, and what one can do to it meanwhile.

import { deliverTwice, killWorker, stopStore } from "./acts.js";
import { duration, millisOf, now } from "./clock.js";
import { element, iconButton } from "./element.js";
import { markOf } from "./mark.js";
import { go, place } from "./place.js";
import { answersTo, authorOf, messageAt, store, traceOf } from "./store.js";
import { plain } from "./text.js";

const pane = document.getElementById("trace");

let looked = "";

export function showTrace() {
  const { channel, trace: ts } = place();
  const message = ts && messageAt(channel, ts);
  const trace = ts && traceOf(channel, ts);
  pane.hidden = !message || !trace;
  if (pane.hidden) {
    looked = "";
    pane.replaceChildren();
    return;
  }
  const mark = markOf(message);
  const look = JSON.stringify([message, trace, mark, store.controls, answersTo(channel, ts)]);
  if (look === looked) return;
  looked = look;
  const scrolled = pane.querySelector(".scroller")?.scrollTop ?? 0;
  const focused = document.activeElement?.dataset?.name;
  pane.replaceChildren(
    element("header", {}, iconButton("back", "Back", () => go({ trace: null }), { class: "icon-button back" }),
      element("h2", {}, "Way of the question"), iconButton("close", "Close", () => go({ trace: null }), { class: "icon-button close" })),
    element("div", { class: "scroller", tabindex: "-1" },
      element("blockquote", { class: "asked" }, message.deleted ? "This message was deleted." : plain(message.nodes)),
      verdict(message, mark),
      stations(trace, message),
      controls(channel, ts, trace),
      element("h3", {}, "Everything that happened"),
      timeline(trace, message)));
  pane.querySelector(".scroller").scrollTop = scrolled;
  if (focused) pane.querySelector(`[data-name="${CSS.escape(focused)}"]`)?.focus();
}

function verdict(message, mark) {
  const answers = answersTo(message.channel, message.ts).length;
  const visible = answers === 1 ? "1 visible answer" : `${answers} visible answers`;
  return element("p", { class: `verdict ${mark.tone}` }, element("strong", {}, mark.text), element("span", { class: "answers" }, visible));
}

/** The five stations; a station is passed when something says so. */
function stations(trace, message) {
  const acked = trace.deliveries.flatMap((delivery) => delivery.attempts).find((attempt) => attempt.status >= 200 && attempt.status < 300)?.at;
  const step = (stage) => trace.steps.find((known) => known.stage === stage);
  const lastClaim = trace.steps.findLast((known) => known.stage === "claimed");
  const answer = answersTo(message.channel, message.ts)[0];
  // Who tells nothing of its steps (services in other processes) is known by what Slack sees of it.
  const told = trace.steps.some((known) => known.stage !== "disturbed");
  const all = [
    ["Received", step("received")?.at ?? acked],
    ["Queued", step("queued")?.at ?? acked],
    told && [lastClaim ? capital(lastClaim.who) : "Worker", lastClaim?.at],
    ["Posted", step("posted")?.at ?? (answer && millisOf(answer.ts))],
    told && ["Finished", step("finished")?.at],
  ].filter(Boolean);
  let before = trace.said;
  return element("ol", { class: "stations", "aria-label": "Stations" }, all.map(([name, at]) => {
    const took = at ? duration(Math.max(0, at - before)) : "";
    before = at ? Math.max(before, at) : before;
    return element("li", { class: at ? "passed" : "ahead" }, element("span", { class: "dot", "aria-hidden": "true" }), element("span", { class: "name" }, name), element("span", { class: "took" }, at ? `+${took}` : "–"));
  }));
}

function controls(channel, ts, trace) {
  const { kill_worker: kill, stop_store: stop, workers } = store.controls;
  const button = (name, label, hint, act) => element("button", { type: "button", class: "control", "data-name": name, title: hint, onclick: (event) => busy(event.currentTarget, act) }, label);
  return element("div", { class: "controls", role: "group", "aria-label": "Disturb it" },
    button("deliver-twice", "Deliver twice", "Slack sends the same events again, as it does when it missed the answer", () => deliverTwice(channel, ts)),
    kill && button("kill-worker", trace.worker ? `Kill worker ${trace.worker}` : "Kill a worker", `Ends one of the ${workers} workers abruptly, as a crash does`, () => killWorker(channel, ts)),
    stop && button("stop-store", "Stop the store for 5 s", "The workers lose what remembers the threads", () => stopStore(channel, ts)));
}

async function busy(button, act) {
  button.disabled = true;
  await act();
  button.disabled = false;
}

const STAGES = {
  received: (who) => `${who} received it`,
  queued: () => "Kept in the queue",
  numbered: () => "Has its place in the thread",
  claimed: (who) => `${who} took it`,
  parked: (who) => `${who} parked it`,
  answered: (who) => `${who} made the answer`,
  posting: (who) => `${who} wrote down that it posts`,
  posted: (who) => `${who} posted the answer`,
  finished: (who) => `${who} recorded it, done`,
  repeated: (who) => `${who} met a copy, nothing to do`,
  failed: (who) => `${who} failed`,
  given_up: (who) => `${who} gave it up`,
  disturbed: () => "You disturbed it",
};

const TONES = { failed: "bad", given_up: "bad", parked: "slow", disturbed: "slow", posted: "good", finished: "good" };

/** Everything that is known, in the order of time. */
function entriesOf(trace, message) {
  const entries = [{ at: trace.said, title: `${capital(authorOf(message).name)} asked`, tone: "" }];
  for (const delivery of trace.deliveries) {
    delivery.attempts.forEach((attempt, index) => {
      const good = attempt.status >= 200 && attempt.status < 300;
      const which = delivery.again ? ", once more" : index > 0 ? `, retry ${index}` : "";
      entries.push({
        at: attempt.at, tone: good ? "" : "bad",
        title: `Slack delivered ${delivery.kind}${which}`,
        detail: `${attempt.status ?? attempt.failure} after ${duration(attempt.took_ms)}`, hint: attempt.url,
      });
    });
    if (delivery.progress.state === "waiting") entries.push({ at: delivery.progress.until, title: `Slack delivers ${delivery.kind} again`, detail: `in ${duration(Math.max(0, delivery.progress.until - now()))}`, tone: "slow" });
    if (delivery.progress.state === "lost") entries.push({ at: Infinity, title: `Slack gave up on ${delivery.kind}`, tone: "bad" });
  }
  for (const call of trace.calls) {
    const failure = call.error ?? call.fault;
    entries.push({ at: call.at, title: call.method, code: true, detail: failure ? `refused: ${failure}` : "Web API call", tone: failure ? "bad" : "" });
  }
  for (const step of trace.steps) {
    entries.push({ at: step.at, title: capital((STAGES[step.stage] ?? ((who) => `${who}: ${step.stage}`))(step.who)), detail: step.why, tone: TONES[step.stage] ?? "" });
  }
  return entries.sort((a, b) => a.at - b.at);
}

function timeline(trace, message) {
  return element("ol", { class: "timeline" }, entriesOf(trace, message).map((entry) => element("li", { class: entry.tone, title: entry.hint },
    element("span", { class: "offset" }, entry.at === Infinity ? "" : `+${duration(Math.max(0, entry.at - trace.said))}`),
    element("span", { class: "dot", "aria-hidden": "true" }),
    element("div", {}, element(entry.code ? "code" : "span", { class: "title" }, entry.title), entry.detail && element("span", { class: "detail" }, entry.detail)))));
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
