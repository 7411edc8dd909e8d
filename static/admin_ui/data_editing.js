/** One example, edited where it stands: its form takes the row's place, and a new row takes the form's. */
import { markEntities } from "./entities.js";

/**
 * Given a row, fetches its form; given a form that is there already, equips it. Resolves to the row that stands there
 * in the end, or to null.
 */
export async function editExample(place) {
  if (place.matches("form")) {
    equip(place, () => {});
    return null;
  }
  if (place.classList.contains("editing")) return null;
  const answer = await ask(place.dataset.url);
  if (!answer.ok) {
    location.assign(place.querySelector("[data-edit]").href);
    return null;
  }
  place.classList.add("editing");
  return edited(place, await answer.text());
}

function edited(row, html) {
  const before = [...row.childNodes];
  return new Promise((resolve) => {
    const leave = async () => {
      if (row.querySelector("[name=over]")) return resolve(await theirs(row));
      row.replaceChildren(...before);
      row.classList.remove("editing");
      resolve(row);
    };
    const show = (text) => {
      row.replaceChildren(fragment(text));
      const form = row.querySelector("form");
      equip(form, leave);
      form.addEventListener("submit", async (event) => {
        event.preventDefault();
        const given = new FormData(form);
        if (event.submitter?.name) given.append(event.submitter.name, event.submitter.value);
        const answer = await ask(form.action, given);
        const back = await answer.text();
        if (!answer.ok && answer.status >= 500) return complain(form);
        if (answer.ok) return resolve(replaced(row, back));
        show(back);
      });
    };
    show(html);
  });
}

/** The row as a colleague saved it meanwhile. */
async function theirs(row) {
  const answer = await ask(`${row.dataset.url}?as=row`);
  return replaced(row, await answer.text());
}

function replaced(row, html) {
  const fresh = fragment(html).firstElementChild;
  const fixed = row.parentElement.dataset.fixed;
  fresh.classList.toggle("moved", Boolean(fixed) && fresh.querySelector(".example-intent").textContent !== fixed);
  fresh.classList.add("saved");
  row.replaceWith(fresh);
  return fresh;
}

/** The editor of entities takes the place of the text in markup. */
function equip(form, leave) {
  const value = JSON.parse(form.querySelector("script[type='application/json']").textContent);
  form.querySelector("[data-plain]").remove();
  const field = Object.assign(document.createElement("input"), { type: "hidden", name: "value", value: JSON.stringify(value) });
  form.append(field);
  const editor = markEntities(form.querySelector("[data-editor]"), {
    ...value,
    names: form.dataset.entityNames.split(" ").filter(Boolean),
    editable: true,
    label: "What the visitor says",
    onChange: (now) => (field.value = JSON.stringify(now)),
  });
  editor.field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  const cancel = form.querySelector("[data-cancel]");
  form.addEventListener("keydown", (event) => event.key === "Escape" && (event.preventDefault(), cancel.click()));
  if (form.closest(".example")) cancel.addEventListener("click", (event) => (event.preventDefault(), leave()));
  editor.focus();
  editor.field.setSelectionRange(value.text.length, value.text.length);
}

function complain(form) {
  const words = form.querySelector(".problem") ?? Object.assign(document.createElement("p"), { className: "problem" });
  words.setAttribute("role", "alert");
  words.textContent = "It could not be saved. Try again in a moment.";
  form.prepend(words);
}

function ask(url, body) {
  return fetch(url, { method: body ? "POST" : "GET", body, headers: { "X-Requested-With": "fetch" }, redirect: "error" })
    .catch(() => new Response("", { status: 503 }));
}

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html; // ours, escaped by the server
  return template.content;
}
