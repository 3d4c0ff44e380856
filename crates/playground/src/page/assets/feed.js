// The stream of changes. The browser connects again by itself and then gets what it missed.

import { setClock } from "./clock.js";
import { changed, store, take } from "./store.js";

export function follow() {
  const feed = new EventSource("/feed");
  feed.addEventListener("change", (event) => {
    const change = JSON.parse(event.data);
    setClock(change.now);
    take(change);
  });
  feed.addEventListener("open", () => connected(true));
  feed.addEventListener("error", () => {
    connected(false);
    // A browser gives up when the answer is no event stream, as from a proxy; we do not.
    if (feed.readyState === EventSource.CLOSED) setTimeout(follow, 1000);
  });
}

function connected(is) {
  store.connected = is;
  document.getElementById("lost").hidden = is;
  changed();
}
