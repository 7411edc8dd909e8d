/** A button that shows and hides a short list of buttons; Esc and a click elsewhere hide it. */
export class Menu {
  constructor(button, list) {
    Object.assign(this, { button, list });
    button.addEventListener("click", () => this.show(list.hidden));
    list.addEventListener("click", () => this.hide());
    document.addEventListener("pointerdown", ({ target }) => {
      if (!list.contains(target) && !button.contains(target)) this.show(false);
    });
    list.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !list.contains(relatedTarget) && relatedTarget !== button) this.show(false);
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  show(isShown) {
    this.list.hidden = !isShown;
    this.button.setAttribute("aria-expanded", String(isShown));
    if (isShown) this.list.querySelector("button").focus();
  }

  hide() {
    this.show(false);
    this.button.focus();
  }
}
