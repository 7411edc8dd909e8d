import { ask, el } from "./review_page.js";

const SHOWN = 60;
let known = null;

/** All intents and entities of the bot: `{intents: [{name, example, count}], never: [name], entities: [name]}`, asked for once. */
export function vocabulary() {
  known ??= ask("intents/").catch((error) => {
    known = null;
    throw error;
  });
  return known;
}

export function forgetVocabulary() {
  known = null;
}

/** A combobox of intents in a message: by the model's ranking, then by name as one types. `choose(name)` at the end. */
export class Picker {
  #options = [];
  #active = 0;

  constructor(line, choose) {
    this.line = line;
    this.choose = choose;
    this.node = document.getElementById("picker").content.firstElementChild.cloneNode(true);
    this.node.dataset.keep = "";
    this.node.dataset.passing = "";
    this.input = this.node.querySelector("input");
    this.list = this.node.querySelector("[role=listbox]");
    this.list.id = `intents-of-${line.dataset.seq}`;
    this.input.setAttribute("aria-controls", this.list.id);
    this.ranking = rankingOf(line);
    this.input.addEventListener("input", () => this.#filter());
    this.input.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.list.addEventListener("click", ({ target }) => this.#take(target.closest("[role=option]")?.dataset.name));
    this.node.querySelector(".picker-close").addEventListener("click", () => this.close());
  }

  get isOpen() {
    return this.node.isConnected;
  }

  async open(preset = "") {
    this.line.querySelector(".annotation-panel").prepend(this.node);
    document.body.classList.add("picker-is-open");
    this.input.value = preset;
    this.input.focus();
    this.list.replaceChildren(el("li", { class: "quiet" }, "Loading …"));
    this.#fetchNear();
    ({ intents: this.intents, never: this.never } = await vocabulary());
    this.#filter();
    this.line.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  close() {
    document.body.classList.remove("picker-is-open");
    this.node.remove();
    this.line.focus({ preventScroll: true });
  }

  #filter() {
    if (!this.intents) return;
    const typed = this.input.value.trim();
    const found = typed ? fitting(this.intents, typed, this.ranking) : byRanking(this.intents, this.ranking);
    const wanted = asName(typed);
    this.#options = found.slice(0, SHOWN);
    const isNever = this.never.includes(wanted);
    this.nothing = isNever ? `The engine keeps ${wanted} for itself.` : "No intents yet: type a name.";
    if (wanted && !isNever && !this.intents.some(({ name }) => name === wanted)) this.#options.push({ name: wanted, isNew: true });
    this.#active = this.#begin(typed);
    this.#draw();
  }

  /** Whoever does not type finds the best runner-up chosen: what was predicted stands first, and is likely wrong. */
  #begin(typed) {
    const isPredicted = this.#options[0]?.name === this.ranking.keys().next().value;
    return !typed && isPredicted && this.ranking.size > 1 && this.#options.length > 1 ? 1 : 0;
  }

  #draw() {
    const drawn = this.#options.map((option, place) => this.#option(option, place));
    this.list.replaceChildren(...(drawn.length ? drawn : [el("li", { class: "quiet" }, this.nothing)]));
    const active = drawn[this.#active];
    if (active) this.input.setAttribute("aria-activedescendant", active.id);
    else this.input.removeAttribute("aria-activedescendant");
    if (active) active.scrollIntoView({ block: "nearest", behavior: "instant" });
  }

  #option({ name, example, isNew }, place) {
    const confidence = this.ranking.get(name);
    const words = isNew
      ? [el("span", {}, "Create intent “", el("b", { class: "code" }, name), "”")]
      : [el("span", { class: "code" }, name), el("span", { class: "example", dir: "auto" }, example ? `“${example}”` : "no examples yet"),
        confidence === undefined ? null : el("span", { class: "percent" }, percent(confidence))];
    const id = `${this.list.id}-${place}`;
    return el("li", { role: "option", id, "aria-selected": String(place === this.#active), "data-name": name }, ...words);
  }

  #key(event) {
    if (event.isComposing) return;
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8 };
    if (event.key in steps) this.#step(event, steps[event.key]);
    if (event.key === "Enter") this.#enter(event);
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    this.close();
  }

  #step(event, by) {
    event.preventDefault();
    const count = this.#options.length;
    if (!count) return;
    const moved = this.#active + by;
    this.#active = Math.abs(by) === 1 ? (moved + count) % count : Math.min(count - 1, Math.max(0, moved));
    this.#draw();
  }

  #enter(event) {
    event.preventDefault();
    this.#take(this.#options[this.#active]?.name);
  }

  #take(name) {
    if (!name) return;
    this.close();
    this.choose(name);
  }

  async #fetchNear() {
    const place = this.node.querySelector(".picker-near");
    const { near } = await ask(`messages/${this.line.dataset.seq}/similar/`);
    if (!near.length || !this.isOpen) return;
    const rows = near.map(({ text, intent, similarity }) =>
      el("li", {}, el("button", { type: "button", onclick: () => this.#take(intent) },
        el("span", { class: "code" }, intent), el("span", { class: "example", dir: "auto" }, `“${text}”`), el("span", { class: "percent" }, percent(similarity)))));
    place.querySelector("ul").replaceChildren(...rows);
    place.hidden = false;
  }
}

function rankingOf(line) {
  const choices = [...line.querySelectorAll(".choice")];
  const ranking = choices.map((choice) => [choice.value, parseFloat(choice.querySelector(".percent").textContent) / 100]);
  const meter = line.querySelector(".annotation > summary meter");
  const predicted = line.querySelector(".annotation > summary .intent")?.textContent.trim();
  return new Map(meter && predicted ? [[predicted, meter.value], ...ranking] : ranking);
}

function byRanking(intents, ranking) {
  const ranked = [...ranking.keys()].map((name) => intents.find((intent) => intent.name === name)).filter(Boolean);
  return [...ranked, ...intents.filter((intent) => !ranking.has(intent.name))];
}

function fitting(intents, typed, ranking) {
  const scored = intents.map((intent) => ({ intent, score: fit(intent.name.toLowerCase(), typed.toLowerCase()) }));
  const likely = ({ intent }) => ranking.get(intent.name) ?? 0;
  const hits = scored.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score || likely(b) - likely(a));
  return hits.map(({ intent }) => intent);
}

/** How well a name fits what was typed: whole, its beginning, a word's beginning, any part, the letters in order; 0 not. */
function fit(name, typed) {
  const wanted = typed.replace(/[\s_-]+/g, "_");
  if (name === wanted) return 6;
  if (name.startsWith(wanted)) return 5;
  if (name.includes(`_${wanted}`) || name.includes(`/${wanted}`)) return 4;
  if (name.includes(wanted)) return 3;
  const words = wanted.split("_");
  if (words.length > 1 && words.every((word) => name.includes(word))) return 2;
  return isInOrder(name, wanted) ? 1 : 0;
}

function isInOrder(name, letters) {
  let place = -1;
  return [...letters].every((letter) => (place = name.indexOf(letter, place + 1)) >= 0);
}

function asName(typed) {
  return typed.replace(/\s+/g, "_");
}

function percent(value) {
  return `${Math.round(value * 100)}%`;
}
