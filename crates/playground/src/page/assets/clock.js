// Times. The playground's clock counts; the browser's may be another.

let ahead = 0;

export function setClock(now) {
  ahead = now - Date.now();
}

export function now() {
  return Date.now() + ahead;
}

/** Milliseconds since 1970 of a message's timestamp. */
export function millisOf(ts) {
  return Math.floor(Number(ts) * 1000);
}

export function timeOf(millis) {
  return new Date(millis).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

/** With seconds, for a tooltip. */
export function exactTimeOf(millis) {
  return new Date(millis).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" });
}

export function dayOf(millis) {
  const day = new Date(millis).toDateString();
  if (day === new Date(now()).toDateString()) return "Today";
  if (day === new Date(now() - 86_400_000).toDateString()) return "Yesterday";
  return new Date(millis).toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
}

/** `8 ms`, `1.2 s`, `3 min`. */
export function duration(millis) {
  if (millis < 1000) return `${Math.max(0, Math.round(millis))} ms`;
  if (millis < 60_000) return `${(millis / 1000).toFixed(millis < 10_000 ? 1 : 0)} s`;
  return `${Math.round(millis / 60_000)} min`;
}

/** Calls `act` each second, for what is counted down or up. */
export function everySecond(act) {
  setInterval(act, 1000);
}
