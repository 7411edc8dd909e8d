import { el } from "./review_page.js";

const STAYS = 9_000;
const KEPT = "frontdesk.toast";
const shelf = document.getElementById("toasts");

/** Says what was done. `actions`: `{label, key, run}` as buttons. It goes by itself, but not while it is looked at, and the next takes its place: Undo is of what was last. */
export function toast(words, { actions = [], isError = false } = {}) {
  const node = el("div", { class: `toast${isError ? " toast-error" : ""}` }, el("p", {}, words));
  for (const action of actions) node.append(button(node, action));
  node.append(el("button", { type: "button", class: "toast-close", "aria-label": "Dismiss", onclick: () => node.remove() }, "×"));
  shelf.replaceChildren(node);
  goAfter(node, isError ? STAYS * 2 : STAYS);
  return node;
}

/** For the page that comes next: it says it as soon as it is there. */
export function leave(words, undo) {
  sessionStorage.setItem(KEPT, JSON.stringify({ words, undo }));
}

export function left() {
  const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  sessionStorage.removeItem(KEPT);
  return kept;
}

function button(node, { label, key, run }) {
  const press = () => {
    node.remove();
    run();
  };
  return el("button", { type: "button", class: "toast-act", onclick: press }, label, key ? el("kbd", { "aria-hidden": "true" }, key) : null);
}

function goAfter(node, time) {
  let timer = setTimeout(() => node.remove(), time);
  const stay = () => clearTimeout(timer);
  const go = () => {
    clearTimeout(timer);
    timer = setTimeout(() => node.remove(), time / 2);
  };
  node.addEventListener("pointerenter", stay);
  node.addEventListener("focusin", stay);
  node.addEventListener("pointerleave", go);
  node.addEventListener("focusout", go);
}
