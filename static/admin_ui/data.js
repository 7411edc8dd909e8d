/** The pages of training data: find, move, select, edit in place. Everything works without it, with more clicks. */
import { editExample } from "./data_editing.js";
import { keys } from "./keys.js";

const rows = document.querySelector("[data-rows]");
const many = document.querySelector("[data-many]");
const search = document.querySelector("[data-search]");
let current = null;
let lastTicked = null;

document.documentElement.classList.add("scripted");
grow(document);
document.addEventListener("input", heard);
document.addEventListener("change", changed);
document.addEventListener("click", clicked);
document.addEventListener("keydown", submitsByEnter);
rows?.addEventListener("focusin", ({ target }) => (current = target.closest(rows.dataset.rows) ?? current));
for (const form of document.querySelectorAll("[data-example-form]")) editExample(form);
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
tally();
goOn();

keys({
  "/": { label: "Search", run: () => search.select(), when: () => search },
  "j ArrowDown": { label: "Next", run: () => step(1), when: () => rows },
  "k ArrowUp": { label: "Previous", run: () => step(-1), when: () => rows },
  Enter: { label: "Open or edit", run: open, when: () => current },
  x: { label: "Select", run: () => tick(current), when: () => many && current },
  i: { label: "Move to another intent", run: relabel, when: () => many },
  h: { label: "Hold out", run: () => act("hold_out"), when: () => many },
  "# Delete": { label: "Delete", run: () => act("delete"), when: () => many },
  n: { label: "Add", run: add, when: () => newPlace() },
  u: { label: "Undo", run: () => document.querySelector("[data-undo]").click(), when: () => document.querySelector("[data-undo]") },
}, document.title.split(" · ")[0]);

function shown() {
  return [...document.querySelectorAll(rows.dataset.rows)].filter((row) => !row.hidden);
}

function step(by) {
  const all = shown();
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

function newPlace() {
  return document.querySelector("[data-new], #texts");
}

function add() {
  const place = newPlace();
  if (place.href) location.assign(place.href);
  else place.focus();
}

/* --- many at once */

function ticks() {
  return [...document.querySelectorAll("input[name=id][form=many]")];
}

function tick(row) {
  const box = row.querySelector("input[name=id]");
  if (box) box.click();
}

function tally() {
  if (!many) return;
  const chosen = ticks().filter((box) => box.checked).length;
  const all = many.querySelector("[data-all]");
  all.checked = chosen > 0 && chosen === ticks().length;
  all.indeterminate = chosen > 0 && !all.checked;
  many.classList.toggle("some", chosen > 0);
  many.querySelector("[data-chosen]").textContent = chosen ? `${chosen} selected` : "Select all";
  for (const button of many.querySelectorAll("button, [data-move]")) button.disabled = !chosen;
  for (const box of ticks()) box.closest("li").classList.toggle("ticked", box.checked);
}

function relabel() {
  if (current && !ticks().some((box) => box.checked)) tick(current);
  many.querySelector("[data-move]").focus();
}

function act(name) {
  if (current && !ticks().some((box) => box.checked)) tick(current);
  many.querySelector(`[value=${name}]`).click();
}

function tickRange(box) {
  const all = ticks();
  const [from, to] = [all.indexOf(lastTicked), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) for (const between of all.slice(from, to + 1)) between.checked = box.checked;
}

/* --- what is heard */

function heard({ target }) {
  if (target.matches("[data-filters]")) filter(target);
  if (target.matches("[data-grows]")) fit(target);
}

function changed({ target }) {
  if (target.matches("[data-submits]")) target.form.requestSubmit();
  if (target.matches("[data-names]")) document.getElementById(target.dataset.names).name = target.value;
  if (target.matches("[data-all]")) for (const box of ticks()) box.checked = target.checked;
  if (target.matches("[data-all], input[name=id]")) tally();
}

function clicked(event) {
  const { target } = event;
  if (target.matches("input[name=id]")) {
    if (event.shiftKey) tickRange(target);
    lastTicked = target;
    tally();
  }
  const edit = target.closest("[data-edit]");
  if (edit && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    editRow(edit.closest(".example"));
  }
  const adds = target.closest("[data-adds]");
  if (adds) repeat(adds.closest("form"), document.querySelector(adds.dataset.adds));
}

function submitsByEnter(event) {
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

function grow(within) {
  for (const field of within.querySelectorAll("[data-grows]")) fit(field);
}

function fit(field) {
  field.rows = Math.min(14, Math.max(2, field.value.split("\n").length, Math.ceil(field.value.length / 42)));
}

async function editRow(row) {
  const edited = await editExample(row);
  if (edited) {
    tally();
    go(edited);
  }
}

/* --- findings that are still being worked out */

async function goOn() {
  const live = document.querySelector("[data-live][data-goes-on]");
  if (!live) return;
  const csrfmiddlewaretoken = document.querySelector("[name=csrfmiddlewaretoken]").value;
  const body = new URLSearchParams({ csrfmiddlewaretoken, next: location.pathname + location.search });
  const answer = await fetch(live.dataset.goesOn, { method: "POST", body }); // leads back to this page
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  live.replaceWith(page.querySelector("[data-live]"));
  goOn();
}
