/**
 * The keys of a page, and the sheet that shows them.
 *
 *   import { keys } from "./keys.js";
 *   keys({
 *     "j ArrowDown": { label: "Next message", run: () => thread.move(1) },
 *     "Enter": { label: "Open", run: open, when: () => row !== null },
 *   }, "Messages");
 *
 * A name is what `KeyboardEvent.key` says; alternatives stand side by side. `shown` (a list) is what the sheet
 * shows in their place. `run(event)` runs unless `when()` is false. `?` opens the sheet, as does every `[data-keys-sheet]` button. Keys do nothing while one
 * types, chooses in a list, works in a `[data-keys-off]` part, or has a dialog open, nor with Ctrl, Alt or Meta; Enter and Space stay with what has
 * the focus. Whoever can't have single keys (WCAG 2.1.4) switches them off in the sheet; `keysAreOn()` says so.
 */
const SETTING = "frontdesk.keys";
const NAMES = { ArrowDown: "↓", ArrowUp: "↑", Escape: "Esc", " ": "Space" };
const TYPES_IN = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]:not([contenteditable=false]), [role=combobox], [role=listbox], [data-keys-off]";
const EVERYWHERE = "Everywhere";
const groups = [];
let sheet = null;

/** Returns a function that takes them away again. */
export function keys(map, title = "This page") {
  const group = { title, entries: Object.entries(map).map(([names, entry]) => ({ names: names.split(" "), ...entry })) };
  if (!groups.length) listen();
  groups.push(group);
  return () => groups.splice(groups.indexOf(group), 1);
}

export function keysAreOn() {
  return localStorage.getItem(SETTING) !== "off";
}

export function showKeys() {
  sheet?.remove();
  sheet = drawn();
  document.body.append(sheet);
  sheet.showModal();
}

function listen() {
  document.head.append(el("link", { rel: "stylesheet", href: new URL("keys.css", import.meta.url).href }));
  document.addEventListener("keydown", heard);
  document.addEventListener("click", (event) => event.target.closest?.("[data-keys-sheet]") && showKeys());
}

function heard(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (!keysAreOn() || isBusy(event)) return;
  if (event.key === "?") return take(event, showKeys);
  const found = groups.flatMap((group) => group.entries).find((entry) => means(entry, event.key));
  if (found) take(event, found.run);
}

function means(entry, key) {
  return entry.names.includes(key) && (entry.when?.() ?? true);
}

function take(event, run) {
  event.preventDefault();
  run(event);
}

function isBusy({ key, target }) {
  if (document.querySelector("dialog[open]")) return true;
  if (target.closest?.(TYPES_IN)) return true;
  return (key === "Enter" || key === " ") && Boolean(target.closest?.("a, button, summary, input, [role=button]"));
}

function drawn() {
  const close = el("button", { class: "keys-close", "aria-label": "Close" }, "×");
  const form = el("form", { method: "dialog" }, el("h2", { id: "keys-title" }, "Keys"), close);
  const dialog = el("dialog", { class: "keys-sheet", "aria-labelledby": "keys-title" }, form);
  for (const [title, entries] of byTitle()) dialog.append(el("h3", {}, title), el("dl", {}, ...entries.map(line)));
  dialog.append(toggle());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  return dialog;
}

function byTitle() {
  const titles = new Map();
  for (const { title, entries } of [...groups, { title: EVERYWHERE, entries: [{ names: ["?"], label: "This sheet" }] }]) {
    titles.set(title, [...(titles.get(title) ?? []), ...entries]);
  }
  return titles;
}

function line({ names, label, shown = names }) {
  const drawn = shown.map((name) => el("kbd", {}, NAMES[name] ?? name));
  return el("div", {}, el("dt", {}, ...drawn), el("dd", {}, label));
}

function toggle() {
  const box = el("input", { type: "checkbox" });
  box.checked = keysAreOn();
  box.addEventListener("change", () => localStorage.setItem(SETTING, box.checked ? "on" : "off"));
  return el("label", { class: "keys-toggle" }, box, "Single keys do this");
}

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
