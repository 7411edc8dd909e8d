/** A response: variations and buttons come and go, the preview says what the visitor will see. */
const form = document.querySelector("[data-response]");
let added = 0;

form.addEventListener("input", ({ target }) => preview(target.closest("[data-variation]")));
form.addEventListener("click", ({ target }) => {
  const variation = target.closest("[data-variation]");
  if (target.closest("[data-add]")) addVariation();
  if (target.closest("[data-add-button]")) addButton(variation);
  if (target.closest("[data-remove-button]")) removePart(target.closest("[data-button]"), variation);
  if (target.closest("[data-remove]")) removePart(variation, form);
});

function addVariation() {
  added += 1;
  const html = form.querySelector("[data-blank]").innerHTML.replaceAll("KEY", `added${added}`);
  form.querySelector("[data-variations]").insertAdjacentHTML("beforeend", html);
  form.querySelector("[data-variations]").lastElementChild.querySelector("textarea").focus();
}

function addButton(variation) {
  const blank = variation.querySelector("[data-blank-button]");
  blank.before(blank.content.cloneNode(true));
  blank.previousElementSibling.querySelector("input").focus();
}

function removePart(element, left) {
  element.remove();
  left.querySelector("textarea, input:not([type=hidden]), button")?.focus();
  preview(left.closest("[data-variation]"));
}

function preview(variation) {
  if (!variation) return;
  variation.querySelector("[data-preview]").textContent = variation.querySelector("[data-said]").value;
  variation.querySelector("[data-preview-image]").hidden = !variation.querySelector("[data-image]").value;
  const titles = [...variation.querySelectorAll("[data-title]")].map((field) => field.value).filter(Boolean);
  variation.querySelector("[data-preview-buttons]").replaceChildren(...titles.map(pill));
}

function pill(title) {
  const item = document.createElement("li");
  item.textContent = title;
  return item;
}
