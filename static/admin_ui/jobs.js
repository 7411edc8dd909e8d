/* Parts of a page that follow a job: fetched again while it lasts, put in where they differ. Without this script the page
   tells the same after a reload. */
const PAUSES = [1, 2, 5, 10]; // times the usual pause, after as many failures

for (const place of document.querySelectorAll("[data-live]")) follow(place);

function follow(place) {
  const every = Number(place.dataset.every) || 1000;
  let failures = 0;
  let timer = 0;

  async function look() {
    clearTimeout(timer);
    if (document.hidden || place.querySelector("[data-ended]")) return;
    try {
      const answer = await fetch(place.dataset.live, { headers: { "X-Requested-With": "fetch" } });
      if (answer.redirected) return location.reload(); // logged out
      if (!answer.ok) throw new Error(String(answer.status));
      failures = 0;
      place.removeAttribute("data-lost");
      put(place, await answer.text());
    } catch {
      failures += 1;
      place.setAttribute("data-lost", "");
    }
    timer = setTimeout(look, every * PAUSES[Math.min(failures, PAUSES.length - 1)]);
  }

  document.addEventListener("visibilitychange", () => document.hidden || look());
  timer = setTimeout(look, every);
}

/** Swaps what differs. What is open stays open, what has the focus keeps it. */
function put(place, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").body;
  const before = stamp(place);
  const shape = (root) => [...root.children].map((child) => child.tagName + (child.dataset.keep ?? "")).join();
  if (shape(place) !== shape(fresh)) swapAll(place, fresh);
  else for (const part of fresh.querySelectorAll("[data-part]")) swap(place.querySelector(`[data-part="${part.dataset.part}"]`), part);
  if (place.dataset.also && before !== stamp(place)) refresh(place.dataset.also);
}

function swap(old, part) {
  if (!old || old.outerHTML === part.outerHTML) return;
  const end = old.scrollHeight - old.scrollTop - old.clientHeight < 8;
  for (const { name, value } of part.attributes) old.setAttribute(name, value);
  const href = old.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  old.replaceChildren(...part.childNodes);
  if (href) [...old.querySelectorAll("a")].find((link) => link.getAttribute("href") === href)?.focus();
  if (end) old.scrollTop = old.scrollHeight;
}

function swapAll(place, fresh) {
  const open = new Set([...place.querySelectorAll("details[open]")].map((each) => each.dataset.keep));
  place.replaceChildren(...fresh.childNodes);
  for (const each of place.querySelectorAll("details")) if (open.has(each.dataset.keep)) each.open = true;
}

/** Which jobs there are: when that changes, a list beside them is no longer true. */
function stamp(place) {
  return [...place.querySelectorAll("a[href]")].map((link) => link.getAttribute("href")).join();
}

async function refresh(selector) {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(selector);
  const old = document.querySelector(selector);
  if (fresh && old && !old.contains(document.activeElement)) old.replaceWith(fresh);
  else if (!old && fresh) location.reload();
}
