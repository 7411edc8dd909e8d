import { Queue } from "./queue.js";
import { Socket } from "./socket.js";
import { Store } from "./store.js";

const ANSWER_WITHIN = 10_000;
const PASSING = new Set(["rate_limited", "server", "not_hello"]);

/**
 * The conversation as this browser knows it. One message is on its way at a time, so the order stays; the
 * server delivers at most once, so whatever tells of a newer `seq` than we hold makes us fetch.
 *
 * `on`: `message(message, isNew)`, `settled()` after all of a frame, `item(item)`, `connection(state)` (connecting,
 * open, lost, idle), `state(state)`, `typing(on)`, `error(error)`, `reset()`.
 */
export class Session {
  #wishes = new Map();
  #sent = {};
  #timers = {};
  #isWelcome = false;
  #isFetching = false;
  #onItsWay = null;

  constructor({ url, host, on }) {
    this.host = host;
    this.on = on;
    this.store = new Store();
    this.queue = new Queue(host);
    this.state = "bot";
    this.conversation = null;
    this.socket = new Socket(url, {
      open: () => this.#hello(),
      frame: (frame) => this.#hear(frame),
      lost: () => this.#lost(),
    });
  }

  start() {
    if (!this.socket.isWanted) this.on.connection("connecting");
    this.socket.start();
  }

  send(text, payload) {
    const item = this.queue.add(text, payload);
    this.on.item(item);
    this.host.emit("message:sent", { id: item.id, text });
    this.start();
    this.#pump();
  }

  retry(item) {
    this.queue.retry(item);
    this.on.item(item);
    this.#pump();
  }

  rate(seq, value, reason) {
    this.store.add({ seq, feedback: value });
    this.#wish(`feedback:${seq}`, { type: "feedback", seq, value, reason });
  }

  askForPerson() {
    this.start();
    this.#wish("handoff", { type: "handoff" });
  }

  typing() {
    if (this.#timers.typing) return;
    this.socket.send({ type: "typing" });
    this.#timers.typing = setTimeout(() => delete this.#timers.typing, 3000);
  }

  /** Forget everything. The next message starts a new conversation. */
  forget() {
    this.socket.stop();
    this.queue.clear();
    this.#wishes.clear();
    this.#startOver(null);
    this.on.connection("idle");
  }

  /** Another tab got, changed or cleared the visitor. */
  follow() {
    this.socket.stop();
    this.#startOver(null);
    if (this.host.get("visitor")) this.start();
    else this.on.connection("idle");
  }

  #hello() {
    const { site, locale, identity } = this.host.options;
    const visitor = this.host.get("visitor");
    this.socket.send({ type: "hello", visitor, last_seq: this.store.held, site, locale, identity });
  }

  #lost() {
    this.#isWelcome = this.#isFetching = false;
    this.#onItsWay = null;
    for (const name of ["accept", "hello", "fetch"]) clearTimeout(this.#timers[name]);
    this.on.typing(false);
    this.on.connection("lost");
  }

  #hear(frame) {
    this.store.see(frame.newest_seq);
    this[`on_${frame.type}`]?.(frame);
    this.on.settled();
    this.#fillGap();
  }

  on_welcome({ conversation, visitor, state, newest_seq, messages }) {
    if (this.conversation !== conversation) this.#startOver(conversation);
    this.store.see(newest_seq);
    this.#isWelcome = true;
    this.host.set("visitor", visitor);
    messages.forEach((message) => this.#take(message));
    this.on_state({ state });
    this.on.connection("open");
    for (const wish of this.#wishes.values()) this.socket.send(wish);
    this.#wishes.clear();
    this.#pump();
  }

  on_accepted({ id, seq }) {
    const item = this.queue.find(id);
    if (item) this.#take({ id, seq, role: "user", text: item.text, time: new Date(item.at).toISOString() });
  }

  on_message(message) {
    this.#take(message);
  }

  on_messages({ messages }) {
    this.#isFetching = false;
    messages.forEach((message) => this.#take(message));
  }

  on_typing({ on }) {
    this.on.typing(on);
  }

  on_state({ state }) {
    this.state = state;
    this.on.state(state);
  }

  on_error(error) {
    this.host.emit("error", error);
    const item = this.queue.find(error.id);
    if (error.code === "bad_token") return this.#beSomeoneNew();
    if (item) this.#refused(item, error);
    else if (PASSING.has(error.code)) this.#tryLater(error);
    this.on.error(error);
  }

  /** What is no message and was refused for now. */
  #tryLater({ of, retry_after = 2 }) {
    const again = {
      hello: () => this.#hello(),
      fetch: () => this.#fetchAgain(),
      feedback: () => this.socket.send(this.#sent.feedback),
      handoff: () => this.socket.send(this.#sent.handoff),
    }[of];
    clearTimeout(this.#timers[of]);
    if (again) this.#timers[of] = setTimeout(again, retry_after * 1000);
  }

  #fetchAgain() {
    this.#isFetching = false;
    this.#fillGap();
  }

  #take(message) {
    if (message.id) this.#arrived(message.id);
    const isNew = this.store.add(message);
    this.on.message(this.store.messages.get(message.seq), isNew);
  }

  #arrived(id) {
    if (this.queue.find(id)) this.queue.remove(id);
    if (this.#onItsWay !== id) return;
    this.#settle();
    this.#pump();
  }

  #refused(item, { code, retry_after = 2 }) {
    this.#settle();
    if (PASSING.has(code)) return void (this.#timers.pause = setTimeout(() => this.#resume(), retry_after * 1000));
    this.queue.fail(item, code);
    this.on.item(item);
    this.#pump();
  }

  #settle() {
    clearTimeout(this.#timers.accept);
    this.#onItsWay = null;
  }

  #resume() {
    delete this.#timers.pause;
    this.#pump();
  }

  #pump() {
    const item = this.queue.next();
    if (!item || !this.#isWelcome || this.#onItsWay || this.#timers.pause) return;
    const { id, text, payload } = item;
    this.#onItsWay = id;
    this.socket.send({ type: "message", id, text, payload });
    this.#timers.accept = setTimeout(() => this.socket.drop(), ANSWER_WITHIN);
  }

  #wish(name, frame) {
    this.#sent[frame.type] = frame;
    if (!this.#isWelcome || !this.socket.send(frame)) this.#wishes.set(name, frame);
  }

  #fillGap() {
    if (!this.#isWelcome || this.#isFetching || !this.store.isBehind) return;
    this.#isFetching = this.socket.send({ type: "fetch", after_seq: this.store.held });
  }

  #beSomeoneNew() {
    if (!this.host.get("visitor")) return;
    this.host.set("visitor", null);
    this.#startOver(null);
    this.socket.drop();
  }

  #startOver(conversation) {
    this.conversation = conversation;
    if (this.store.messages.size) {
      this.store.reset();
      this.on.reset();
    }
  }
}
