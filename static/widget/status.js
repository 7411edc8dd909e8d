import { el } from "./dom.js";

const PATIENCE = 1200;

/** One line that says what is wrong with the connection, if it stays wrong for a moment. */
export class Status {
  #timer;
  #notice;

  constructor(node, strings, onTryNow) {
    Object.assign(this, { node, strings, onTryNow });
    this.connection = "idle";
  }

  connected(state) {
    if (state === "lost" && this.connection === "lost") return;
    this.connection = state;
    clearTimeout(this.#timer);
    if (["open", "idle"].includes(state)) return this.#draw("");
    this.#timer = setTimeout(() => this.#draw(this.#reason()), navigator.onLine ? PATIENCE : 0);
  }

  /** Something to know for a few seconds. */
  say(text) {
    this.#draw(text);
    clearTimeout(this.#notice);
    this.#notice = setTimeout(() => this.#draw(this.isTroubled ? this.#reason() : ""), 6000);
  }

  get isTroubled() {
    return ["connecting", "lost"].includes(this.connection);
  }

  #reason() {
    if (!navigator.onLine) return this.strings.t("offline");
    return this.strings.t(this.connection);
  }

  #draw(text) {
    this.node.replaceChildren(text);
    if (text && this.connection === "lost") this.node.append(this.#tryNow());
  }

  #tryNow() {
    return el("button", { type: "button", class: "text", onclick: this.onTryNow }, this.strings.t("try_now"));
  }
}
