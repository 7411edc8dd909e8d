export const LIMIT = 4000;
const NEAR_LIMIT = 400;

/** The text field. `on`: `send(text)`, `typing()`, `draft(text)`. */
export class Composer {
  constructor({ form, field, button, counter }, strings, on) {
    Object.assign(this, { form, field, button, counter, strings, on });
    form.addEventListener("submit", (event) => this.#submit(event));
    field.addEventListener("input", () => this.#typed());
    field.addEventListener("keydown", (event) => this.#pressed(event));
    this.refresh();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }

  fill(text) {
    this.field.value = text;
    this.on.draft(text);
    this.refresh();
  }

  refresh() {
    const left = LIMIT - this.#length;
    this.button.disabled = !this.field.value.trim() || left < 0;
    this.counter.textContent = left > NEAR_LIMIT ? "" : this.#remark(left);
    this.counter.classList.toggle("over", left < 0);
    this.field.setAttribute("aria-invalid", String(left < 0));
    this.#grow();
  }

  /** In characters, as the server counts them: an emoji is one. */
  get #length() {
    return [...this.field.value].length;
  }

  #remark(left) {
    return this.strings.t(left < 0 ? "over" : "left", { n: this.strings.number(Math.abs(left)) });
  }

  #grow() {
    this.field.style.height = "auto";
    this.field.style.height = `${this.field.scrollHeight}px`;
  }

  #typed() {
    this.on.draft(this.field.value);
    if (this.field.value) this.on.typing();
    this.refresh();
  }

  /** Key code 229 is how Safari reports the Enter that ends an IME composition. */
  #pressed(event) {
    const isComposing = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isComposing) return;
    this.#submit(event);
  }

  #submit(event) {
    event.preventDefault();
    if (this.button.disabled) return;
    const text = this.field.value.trim();
    this.fill("");
    this.on.send(text);
    this.focus();
  }
}
