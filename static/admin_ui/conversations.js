/* The list of conversations by keyboard, and its address to share. */
import { keys } from "./keys.js";

const rows = [...document.querySelectorAll("#result_list tbody tr")];
const link = (row) => row.querySelector("th a, td a");
const current = () => rows.findIndex((row) => row.contains(document.activeElement));

function move(by) {
  const at = current();
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by))];
  link(next)?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const select = () => rows[current()]?.querySelector("input.action-select")?.click();
const onRow = () => current() >= 0;
const follow = (selector) => document.querySelector(selector)?.click();

keys(
  {
    "/": { label: "Search", run: () => document.getElementById("searchbar").focus() },
    "j ArrowDown": { label: "Next conversation", run: () => move(1), when: () => rows.length > 0 },
    "k ArrowUp": { label: "Previous conversation", run: () => move(-1), when: () => rows.length > 0 },
    Enter: { label: "Open it", run: () => link(rows[current()]).click(), when: onRow },
    x: { label: "Choose it", run: select, when: onRow },
    f: { label: "Filters", run: openFilters },
    o: { label: "Older ones", run: () => follow(".paginator [rel=next]") },
  },
  "The list",
);

function openFilters() {
  const narrow = document.querySelector(".narrow");
  narrow.open = true;
  narrow.querySelector("select, input:not([type=hidden])").focus();
}

// Empty fields have no place in an address that is kept.
document.querySelectorAll(".narrow-form, #changelist-search").forEach((form) =>
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  }),
);

const copy = document.querySelector("[data-copy-link]");
if (copy && navigator.clipboard) {
  copy.hidden = false;
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    copy.firstElementChild.textContent = "Copied";
    setTimeout(() => (copy.firstElementChild.textContent = "Copy link"), 2000);
  });
}

// A click beside the filters closes them, as does Escape.
const narrow = document.querySelector(".narrow");
document.addEventListener("click", ({ target }) => {
  if (narrow?.open && !narrow.contains(target)) narrow.open = false;
});
narrow?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  narrow.open = false;
  narrow.querySelector("summary").focus();
});
