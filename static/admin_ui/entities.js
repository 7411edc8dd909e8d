/**
 * A text whose entities are marked by selecting words, with the mouse or with Shift and the arrow keys.
 *
 *   import { markEntities } from "./entities.js";
 *   const editor = markEntities(element, {
 *     text: "a large pizza",
 *     entities: [{ start: 2, end: 7, entity: "size", value: "large" }],  // as the server has them: offsets in characters
 *     names: ["size", "city"],         // offered as buttons; others can be typed
 *     onChange: ({ text, entities }) => {},
 *     editable: false,                 // true: the text itself can be changed, marks move along
 *     label: "Message",                // what the field is called for screen readers
 *   });
 *   editor.value      // { text, entities }, in the server's form
 *   editor.focus();
 *   editor.remove();  // empties the element
 *
 * `role` and `group` of an entity stay as they are. The styles come along (entities.css); `colorOf(name)` gives the
 * class of an entity's color for text that is marked elsewhere: `<mark class="entity entity-3">`.
 */
const COLORS = 6;
const OFFERED = 6;
let count = 0;

export function markEntities(element, options) {
  return new Editor(element, options);
}

export function colorOf(name) {
  return `entity-${[...name].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % COLORS}`;
}

class Editor {
  constructor(element, { text, entities = [], names = [], onChange = () => {}, editable = false, label = "Text" }) {
    withStyles();
    this.element = element;
    this.onChange = onChange;
    this.names = [...new Set([...names, ...entities.map(({ entity }) => entity)])];
    this.text = text;
    this.marks = entities.map((entity) => ({ ...entity, start: units(text, entity.start), end: units(text, entity.end) }));
    this.selected = null;
    this.draw(label, editable);
  }

  get value() {
    const entities = this.marks.map((mark) => ({ ...mark, start: points(this.text, mark.start), end: points(this.text, mark.end) }));
    return { text: this.text, entities };
  }

  focus() {
    this.field.focus();
  }

  remove() {
    this.element.replaceChildren();
  }

  draw(label, editable) {
    const id = `entities-${(count += 1)}`;
    this.backdrop = el("div", { class: "entities-backdrop", "aria-hidden": "true" });
    this.field = el("textarea", { class: "entities-text", "aria-label": label, "aria-describedby": `${id}-hint`, dir: "auto", rows: 1, spellcheck: "false" });
    if (!editable) this.fix();
    this.field.value = this.text;
    this.hint = el("span", { id: `${id}-hint`, class: "entities-hint" });
    this.offers = el("span", { class: "entities-offers" });
    this.other = el("input", { type: "text", class: "entities-other", "aria-label": "Another entity", placeholder: "other…", maxlength: 255 });
    this.bar = el("div", { class: "entities-bar", role: "group", "aria-label": "Mark the selected words" }, this.hint, this.offers, this.other);
    this.list = el("ul", { class: "entities-list", "aria-label": "Entities" });
    this.element.replaceChildren(el("div", { class: "entities-field" }, this.backdrop, this.field), this.bar, this.list);
    this.listen();
    this.refresh();
    this.offer();
  }

  /** The text stays as it is, but has a caret: a read-only field has none. A letter begins the name of what is selected. */
  fix() {
    this.field.ariaReadOnly = "true";
    this.field.inputMode = "none";
    this.field.addEventListener("beforeinput", (event) => {
      event.preventDefault();
      if (event.inputType === "insertText" && event.data?.trim()) this.begin(event.data);
    });
    this.field.addEventListener("input", () => (this.field.value = this.text)); // what a phone's keyboard does all the same
  }

  begin(letters) {
    this.look();
    if (!this.selected) return;
    this.other.value = letters;
    this.other.focus();
  }

  listen() {
    for (const event of ["select", "keyup", "pointerup", "focus"]) this.field.addEventListener(event, () => this.look());
    this.field.addEventListener("input", () => this.typed());
    this.other.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      this.mark(this.other.value.trim().replace(/\s+/g, "_"));
    });
  }

  look() {
    const [start, end] = trimmed(this.text, this.field.selectionStart, this.field.selectionEnd);
    const [was, chosen] = [this.selected, start < end ? { start, end } : null];
    if (was?.start === chosen?.start && was?.end === chosen?.end) return; // a late event takes no button from under the focus
    this.selected = chosen;
    this.offer();
  }

  offer() {
    const chosen = this.selected;
    this.hint.textContent = chosen ? `“${this.text.slice(chosen.start, chosen.end)}” is` : "Select words to mark an entity.";
    const buttons = chosen ? this.names.slice(0, OFFERED).map((name) => this.button(name)) : [];
    this.offers.replaceChildren(...buttons);
    this.other.hidden = !chosen;
  }

  button(name) {
    const button = el("button", { type: "button", class: `entities-name entity ${colorOf(name)}` }, name);
    button.addEventListener("pointerdown", (event) => event.preventDefault());
    button.addEventListener("click", () => this.mark(name));
    return button;
  }

  mark(name) {
    if (!this.selected || !name) return;
    const { start, end } = this.selected;
    const apart = this.marks.filter((mark) => mark.end <= start || mark.start >= end);
    this.marks = [...apart, { start, end, entity: name, value: this.text.slice(start, end) }].sort((a, b) => a.start - b.start);
    if (!this.names.includes(name)) this.names.unshift(name);
    this.field.setSelectionRange(end, end);
    this.selected = null;
    this.other.value = "";
    this.offer();
    this.changed();
    this.field.focus();
  }

  unmark(mark) {
    this.marks = this.marks.filter((other) => other !== mark);
    this.changed();
    this.field.focus();
  }

  typed() {
    const [before, after] = [this.text, this.field.value];
    this.marks = moved(this.marks, before, after);
    this.text = after;
    this.changed();
  }

  changed() {
    this.refresh();
    this.onChange(this.value);
  }

  refresh() {
    this.backdrop.replaceChildren(...markedUp(this.text, this.marks), "\u200b");
    this.list.replaceChildren(...this.marks.map((mark) => this.line(mark)));
  }

  line(mark) {
    const words = this.text.slice(mark.start, mark.end);
    const value = el("input", { type: "text", "aria-label": `Value of ${words}`, value: mark.value ?? words, maxlength: 255 });
    value.addEventListener("change", () => {
      mark.value = value.value.trim() || words;
      this.onChange(this.value);
    });
    value.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    const gone = el("button", { type: "button", class: "entities-remove", "aria-label": `${words} is no ${mark.entity}` }, "×");
    gone.addEventListener("click", () => this.unmark(mark));
    const name = el("span", { class: `entity ${colorOf(mark.entity)}` }, mark.entity);
    const more = [mark.role, mark.group].filter(Boolean).join(", ");
    return el("li", {}, name, el("span", { class: "entities-words", dir: "auto" }, `${words} ${more && `(${more})`} =`), value, gone);
  }
}

/** Nodes of a text with its marks. `marks`: offsets as JavaScript counts them. */
function markedUp(text, marks) {
  const nodes = [];
  let end = 0;
  for (const mark of marks) {
    if (mark.start < end) continue;
    nodes.push(text.slice(end, mark.start), el("mark", { class: `entity ${colorOf(mark.entity)}` }, text.slice(mark.start, mark.end)));
    end = mark.end;
  }
  return [...nodes, text.slice(end)];
}

/** Marks after an edit: those before it stay, those after it move, those inside it are gone. */
function moved(marks, before, after) {
  const [head, tail] = sameEnds(before, after);
  const shift = after.length - before.length;
  return marks.flatMap((mark) => {
    if (mark.end <= head) return [mark];
    if (mark.start >= before.length - tail) return [{ ...mark, start: mark.start + shift, end: mark.end + shift }];
    return [];
  });
}

function sameEnds(before, after) {
  const most = Math.min(before.length, after.length);
  let head = 0;
  while (head < most && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < most - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  return [head, tail];
}

function trimmed(text, start, end) {
  const words = text.slice(start, end);
  const lead = words.length - words.trimStart().length;
  return [start + lead, end - (words.length - words.trimEnd().length)];
}

/** The server counts characters, JavaScript counts UTF-16 units: an emoji is one there and two here. */
function units(text, characters) {
  return [...text].slice(0, characters).join("").length;
}

function points(text, length) {
  return [...text.slice(0, length)].length;
}

function withStyles() {
  const href = new URL("entities.css", import.meta.url).href;
  if (![...document.styleSheets].some((sheet) => sheet.href === href) && !document.querySelector(`link[href="${href}"]`)) {
    document.head.append(el("link", { rel: "stylesheet", href }));
  }
}

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
