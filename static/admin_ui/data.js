/** The pages of training data: find, move, select, edit in place. Everything works without it, with more clicks. */
import { editExample } from "./data_editing.js";
import { keys } from "./keys.js";

const rows = document.querySelector("[data-rows]");
const many = document.querySelector("[data-many]");
const search = document.querySelector("[data-search]");
let current = null;
let lastSelected = null;

document.documentElement.classList.add("scripted");
fitAll(document);
document.addEventListener("input", onInput);
document.addEventListener("change", onChange);
document.addEventListener("click", onClick);
document.addEventListener("keydown", onKeydown);
rows?.addEventListener("focusin", ({ target }) => (current = target.closest(rows.dataset.rows) ?? current));
for (const form of document.querySelectorAll("[data-example-form]")) editExample(form);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
countSelected();
compareMeanings();

keys({
  "/": { label: "Search", run: () => search.select(), when: () => search },
  "j ArrowDown": { label: "Next", run: () => step(1), when: () => rows },
  "k ArrowUp": { label: "Previous", run: () => step(-1), when: () => rows },
  Enter: { label: "Open or edit", run: open, when: () => current },
  x: { label: "Select", run: () => select(current), when: () => many && current },
  i: { label: "Move to another intent", run: relabel, when: () => many },
  h: { label: "Hold out", run: () => act("hold_out"), when: () => many },
  "# Delete": { label: "Delete", run: () => act("delete"), when: () => many },
  n: { label: "Add", run: add, when: () => placeToAdd() },
  u: { label: "Undo", run: () => document.querySelector("[data-undo]").click(), when: () => document.querySelector("[data-undo]") },
}, document.title.split(" · ")[0]);

function visibleRows() {
  return [...document.querySelectorAll(rows.dataset.rows)].filter((row) => !row.hidden);
}

function step(by) {
  const all = visibleRows();
  const place = all.indexOf(current);
  const next = all[place < 0 ? 0 : Math.max(0, Math.min(all.length - 1, place + by))];
  if (next) go(next);
}

function go(row) {
  current?.classList.remove("current");
  current = row;
  row.classList.add("current");
  const target = row.querySelector("[data-open]") ?? row;
  target.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function open() {
  const edit = current.querySelector("[data-edit]");
  if (edit) return editRow(current);
  current.querySelector("[data-open]")?.click();
}

function placeToAdd() {
  return document.querySelector("[data-new], #texts");
}

function add() {
  const place = placeToAdd();
  if (place.href) location.assign(place.href);
  else place.focus();
}

/* --- many at once */

function checkboxes() {
  return [...document.querySelectorAll("input[name=id][form=many]")];
}

function select(row) {
  const box = row.querySelector("input[name=id]");
  if (box) box.click();
}

function countSelected() {
  if (!many) return;
  const chosen = checkboxes().filter((box) => box.checked).length;
  const all = many.querySelector("[data-all]");
  all.checked = chosen > 0 && chosen === checkboxes().length;
  all.indeterminate = chosen > 0 && !all.checked;
  many.classList.toggle("some", chosen > 0);
  many.querySelector("[data-chosen]").textContent = chosen ? `${chosen} selected` : "Select all";
  for (const button of many.querySelectorAll("button, [data-move]")) button.disabled = !chosen;
  for (const box of checkboxes()) box.closest("li").classList.toggle("ticked", box.checked);
}

function relabel() {
  if (current && !checkboxes().some((box) => box.checked)) select(current);
  many.querySelector("[data-move]").focus();
}

function act(name) {
  if (current && !checkboxes().some((box) => box.checked)) select(current);
  many.querySelector(`[value=${name}]`).click();
}

function selectRange(box) {
  const all = checkboxes();
  const [from, to] = [all.indexOf(lastSelected), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) for (const between of all.slice(from, to + 1)) between.checked = box.checked;
}

/* --- events */

function onInput({ target }) {
  if (target.matches("[data-filters]")) filter(target);
  if (target.matches("[data-grows]")) fitRows(target);
}

function onChange({ target }) {
  if (target.matches("[data-submits]")) target.form.requestSubmit();
  if (target.matches("[data-names]")) document.getElementById(target.dataset.names).name = target.value;
  if (target.matches("[data-all]")) for (const box of checkboxes()) box.checked = target.checked;
  if (target.matches("[data-all], input[name=id]")) countSelected();
}

function onClick(event) {
  const { target } = event;
  if (target.matches("input[name=id]")) {
    if (event.shiftKey) selectRange(target);
    lastSelected = target;
    countSelected();
  }
  const edit = target.closest("[data-edit]");
  if (edit && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    editRow(edit.closest(".example"));
  }
  const adds = target.closest("[data-adds]");
  if (adds) repeat(adds.closest("form"), document.querySelector(adds.dataset.adds));
}

function onKeydown(event) {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
}

function filter({ value, dataset }) {
  const words = value.trim().toLowerCase().split(/\s+/);
  const all = [...document.querySelectorAll(dataset.filters)];
  for (const row of all) row.hidden = !words.every((word) => row.dataset.text.toLowerCase().includes(word));
  const none = document.querySelector("[data-filtered]");
  if (none) none.hidden = all.some((row) => !row.hidden);
}

function repeat(form, place) {
  place.append(form.querySelector("[data-blank]").content.cloneNode(true));
  place.lastElementChild.querySelector("textarea").focus();
}

function fitAll(within) {
  for (const field of within.querySelectorAll("[data-grows]")) fitRows(field);
}

function fitRows(field) {
  field.rows = Math.min(14, Math.max(2, field.value.split("\n").length, Math.ceil(field.value.length / 42)));
}

async function editRow(row) {
  const edited = await editExample(row);
  if (edited) {
    countSelected();
    go(edited);
  }
}

/* --- findings that are still being worked out */

async function compareMeanings() {
  const live = document.querySelector("[data-live][data-goes-on]");
  if (!live) return;
  const csrfmiddlewaretoken = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const body = new URLSearchParams({ csrfmiddlewaretoken, next: location.pathname + location.search });
  const answer = await fetch(live.dataset.goesOn, { method: "POST", body }); // leads back to this page
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  live.replaceWith(page.querySelector("[data-live]"));
  compareMeanings();
}
