import { ask, desk, keepPlace, nodesOf } from "./review_page.js";

const NEAR_END = 240; // pixels
const list = document.getElementById("messages");

/** The messages on the page, and the one that is looked at. */
export class Thread extends EventTarget {
  #loading = null;

  constructor() {
    super();
    list.addEventListener("click", ({ target }) => this.#clicked(target));
    document.getElementById("earlier")?.addEventListener("click", (event) => this.#more(event, "earlier"));
    document.getElementById("later")?.addEventListener("click", (event) => this.#more(event, "later"));
    let last = scrollY;
    addEventListener("scroll", () => {
      if (scrollY < last && scrollY < NEAR_END * 2) this.load("earlier");
      if (scrollY > last && fromEnd() < NEAR_END * 2) this.load("later");
      last = scrollY;
    }, { passive: true });
  }

  get lines() {
    return [...list.querySelectorAll(".message")];
  }

  get current() {
    return list.querySelector(".message.is-current");
  }

  get first() {
    return Number(list.querySelector(".message")?.dataset.seq ?? 0);
  }

  get last() {
    return Number(this.lines.at(-1)?.dataset.seq ?? 0);
  }

  /** The last turn of the visitor that is on the page. */
  get lastTurn() {
    return Math.max(0, ...this.lines.map((line) => Number(line.dataset.turn ?? 0)));
  }

  /** False where the page shows an older part of the conversation. */
  get showsNewest() {
    return !document.getElementById("later");
  }

  get isAtEnd() {
    return this.showsNewest && fromEnd() < NEAR_END;
  }

  line(seq) {
    return document.getElementById(`m${seq}`);
  }

  select(line, { focus = true, scroll = true } = {}) {
    const before = this.current;
    if (line && line !== before) keepPlace(() => this.#change(before, line));
    if (focus) line?.focus({ preventScroll: true });
    if (scroll) line?.scrollIntoView({ block: "nearest", behavior: "instant" });
    if (line && line !== before) this.dispatchEvent(new CustomEvent("select", { detail: Number(line.dataset.seq) }));
  }

  /** To the next of the visitor's messages, or the one before. */
  async move(step, which = (line) => line.matches(".message-user")) {
    const next = this.#beside(step, which) ?? ((await this.load(step < 0 ? "earlier" : "later")) && this.#beside(step, which));
    if (next) this.select(next);
    else this.current?.scrollIntoView({ block: "nearest", behavior: "instant" });
    return Boolean(next);
  }

  /** More of the conversation above (`earlier`) or below (`later`). False where there is no more. */
  load(where) {
    if (!document.getElementById(where)) return Promise.resolve(false);
    this.#loading ??= this.#load(where).finally(() => (this.#loading = null));
    return this.#loading;
  }

  async #load(where) {
    const found = await ask(where === "earlier" ? `messages/?before=${this.first}` : `messages/?after=${this.last}`);
    this.add(found.items, where);
    const ends = where === "earlier" ? this.first <= 1 : this.last >= found.newest;
    const link = document.getElementById(where);
    if (ends) link.closest(".window-link").remove();
    else if (where === "earlier") link.href = `?before=${this.first}`;
    return true;
  }

  add(html, where = "later") {
    const nodes = nodesOf(html).filter((node) => !node.dataset.seq || !this.line(node.dataset.seq));
    if (!nodes.some((node) => node.dataset.seq)) return;
    list.querySelector(".nothing")?.remove();
    keepPlace(() => {
      if (where === "earlier") list.prepend(...nodes);
      else list.append(...nodes);
      oneOfEachDay();
    });
  }

  #change(before, line) {
    before?.classList.remove("is-current");
    before?.removeAttribute("aria-current");
    before?.querySelector(".annotation")?.removeAttribute("open");
    line.classList.add("is-current");
    line.ariaCurrent = "true";
    line.querySelector(".annotation")?.setAttribute("open", "");
  }

  #beside(step, which) {
    const lines = this.lines;
    const here = lines.indexOf(this.current);
    const side = step > 0 ? lines.slice(here + 1) : lines.slice(0, Math.max(here, 0)).reverse();
    return side.find(which);
  }

  #clicked(target) {
    const line = target.closest(".message");
    const summary = target.closest(".annotation > summary");
    if (!line || (line === this.current && summary)) return;
    if (summary && !summary.parentElement.open) setTimeout(() => this.select(line, { focus: false, scroll: false }));
    else this.select(line, { focus: !target.closest("a, button, input, textarea, summary"), scroll: false });
  }

  #more(event, where) {
    event.preventDefault();
    this.load(where);
  }
}

export function fromEnd() {
  return document.documentElement.scrollHeight - scrollY - innerHeight;
}

function oneOfEachDay() {
  const seen = new Set();
  for (const day of list.querySelectorAll(".day")) {
    if (seen.has(day.dataset.day)) day.remove();
    seen.add(day.dataset.day);
  }
}
