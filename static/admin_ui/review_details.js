import { askText, desk, el, keepPlace } from "./review_page.js";
import { vocabulary } from "./review_picker.js";

/** A field for a note beside this message. */
export function openNote(line) {
  const open = line.querySelector(".note-beside textarea");
  if (open) return open.focus();
  const field = el("textarea", { name: "text", rows: 3, maxlength: 4000, required: true, "aria-label": "Note beside this message", placeholder: "A note beside this message" });
  const form = el("form", { method: "post", action: `${desk.dataset.base}notes/`, "data-desk": true, "data-seq": line.dataset.seq },
    el("input", { type: "hidden", name: "seq", value: line.dataset.seq }), field,
    el("p", { class: "buttons" }, el("button", {}, "Add note"), " ", cancel(), el("span", { class: "quiet keys-hint" }, " Ctrl+Enter adds")));
  insert(line, el("div", { class: "note-beside", "data-keep": true, "data-passing": true }, form));
  field.focus();
}

/** The message's text, to mark entities in. */
export async function openEntities(line, forms) {
  if (line.querySelector(".entity-work")) return;
  const place = line.querySelector(".place-for-entities");
  const [{ markEntities }, { entities: names }] = await Promise.all([import("./entities.js"), vocabulary()]);
  const area = el("div", { class: "entity-area" });
  const work = el("div", { class: "entity-work", "data-keys-off": true, "data-keep": true, "data-passing": true }, area);
  const save = async () => {
    const { entities } = editor.value;
    work.remove();
    const form = document.getElementById(line.id).querySelector(".annotation-panel form[data-seq]");
    const said = new FormData(form);
    Object.entries({ verdict: "corrected", other: place.dataset.right, entities: JSON.stringify(entities) }).forEach(([name, value]) => said.set(name, value));
    await forms.finish(form.getAttribute("action"), said, Number(line.dataset.seq));
    document.getElementById(line.id).focus({ preventScroll: true });
  };
  if (place.dataset.trouble) work.append(el("p", { class: "aside" }, place.dataset.trouble));
  work.append(el("p", { class: "buttons" }, el("button", { type: "button", class: "is-main", onclick: save }, "Save entities"), " ", cancel(), el("span", { class: "quiet keys-hint" }, " Ctrl+Enter saves")));
  work.addEventListener("keydown", (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && save());
  insert(line, work);
  const marks = JSON.parse(place.dataset.entities).filter(({ start, end }) => Number.isInteger(start) && end > start);
  const editor = markEntities(area, { text: place.dataset.text, entities: marks, names, label: "Mark entities in the message" });
  editor.focus();
}

/** The engine's events of a turn, in place of the link to them. */
export async function openEvents(event, link) {
  event.preventDefault();
  const html = await askText(link.href);
  const template = document.createElement("template");
  template.innerHTML = html;
  keepPlace(() => link.closest("p").replaceWith(template.content));
}

function insert(line, node) {
  line.querySelector(".annotation")?.setAttribute("open", "");
  line.querySelector(".annotation-panel").prepend(node);
  line.scrollIntoView({ block: "nearest", behavior: "instant" });
}

function cancel() {
  const leave = ({ currentTarget }) => {
    const line = currentTarget.closest(".message");
    currentTarget.closest("[data-passing]").remove();
    line.focus({ preventScroll: true });
  };
  return el("button", { type: "button", class: "quiet-button", "data-cancel": true, onclick: leave }, "Cancel");
}
