import { el } from "./dom.js";
import { askReason, drawMeta, drawState, isShown, messageNode } from "./message.js";

const NEAR_END = 80;

/** The list of messages by `seq`, those on their way out at its end; follows the newest unless one has scrolled up. */
export class Log {
  #isFollowing = true;

  constructor({ scroller, list, replies, pill }, strings, actions) {
    Object.assign(this, { scroller, list, replies, pill, strings, actions });
    scroller.addEventListener("scroll", () => this.#scrolled());
    pill.addEventListener("click", () => this.toEnd());
    const observer = new ResizeObserver(() => this.follow());
    observer.observe(scroller);
  }

  clear() {
    this.list.replaceChildren();
    this.replies.replaceChildren();
  }

  show(message) {
    const old = this.#nodeOf(message);
    if (!old && !isShown(message)) return;
    const node = old ?? messageNode(message, this.strings);
    this.#settle(node, message);
    drawMeta(node, message, this.strings, this.actions);
    if (old) return;
    this.#arrived(message.role === "user");
  }

  showItem(item, state) {
    const message = { ...item, role: "user", time: new Date(item.at).toISOString() };
    const old = this.#byId(item.id);
    const node = old ?? messageNode(message, this.strings);
    drawState(node, item, state, this.strings, this.actions);
    if (old) return;
    this.list.append(node);
    this.#dayOf(node, message.time);
    this.#arrived(true);
  }

  remove(item) {
    this.#byId(item.id)?.remove();
  }

  /** Buttons under the newest answer. `choose(title, payload)`. */
  offer(buttons, choose) {
    const nodes = buttons.map(({ title, payload }) =>
      el("button", { type: "button", dir: "auto", onclick: () => choose(title, payload) }, title),
    );
    this.replies.replaceChildren(...nodes);
    this.follow();
  }

  askReason(seq, onReason) {
    askReason(this.#bySeq(seq), this.strings, onReason);
    this.follow();
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#isFollowing = true;
    this.pill.hidden = true;
  }

  /** Stay at the end, for those who are there. */
  follow() {
    if (this.#isFollowing) this.toEnd();
  }

  #arrived(isOwn) {
    if (this.#isFollowing || isOwn) this.toEnd();
    else this.pill.hidden = false;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.#isFollowing = scrollHeight - scrollTop - clientHeight < NEAR_END;
    if (this.#isFollowing) this.pill.hidden = true;
  }

  /** A message that we sent twice is one: its pending node makes way. */
  #nodeOf({ id, seq }) {
    const known = this.#bySeq(seq);
    const pending = id && this.#byId(id);
    if (known && pending && known !== pending) pending.remove();
    return known ?? pending;
  }

  #settle(node, { seq, time }) {
    node.dataset.seq = seq;
    delete node.dataset.state;
    const before = this.#lastBefore(seq, node);
    const isInPlace = node.isConnected && node.previousElementSibling === before;
    if (!isInPlace) this.list.insertBefore(node, before ? before.nextElementSibling : this.list.firstElementChild);
    this.#dayOf(node, time);
  }

  #lastBefore(seq, node) {
    let other = this.list.lastElementChild;
    while (other && (other === node || !other.dataset.seq || Number(other.dataset.seq) > seq)) other = other.previousElementSibling;
    return other;
  }

  #dayOf(node, time) {
    node.dataset.day = new Date(time).toDateString();
    for (const one of [node, node.nextElementSibling]) if (one) this.#drawDay(one);
    const label = node.querySelector(".day");
    label.textContent = this.strings.day(new Date(time));
  }

  #drawDay(node) {
    node.querySelector(".day").hidden = node.previousElementSibling?.dataset.day === node.dataset.day;
  }

  #bySeq(seq) {
    return this.list.querySelector(`[data-seq="${Number(seq)}"]`);
  }

  #byId(id) {
    return this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }
}
