import { Composer } from "./composer.js";
import { el } from "./dom.js";
import { meetHost } from "./host.js";
import { listenToKeys } from "./keyboard.js";
import { Log } from "./log.js";
import { Menu } from "./menu.js";
import { Session } from "./session.js";
import { Status } from "./status.js";
import { Strings } from "./strings.js";
import { applyTheme } from "./theme.js";
import { downloadTranscript } from "./transcript.js";

const $ = (id) => document.getElementById(id);

/** Joins the session (what is true) and the parts of the page (what is seen). */
class Chat {
  constructor(host) {
    this.host = host;
    this.strings = new Strings(host.options);
    this.session = new Session({ url: socketUrl(), host, on: this.#whatHappens() });
    this.menu = new Menu($("menu-button"), $("menu"));
    this.status = new Status($("status"), this.strings, () => this.session.socket.wake());
    this.#build();
    this.#listen();
  }

  start() {
    this.#dress();
    this.session.queue.items.forEach((item) => this.#showItem(item));
    this.composer.fill(this.host.get("draft") ?? "");
    $("intro").hidden = Boolean(this.host.get("visitor"));
    this.session.start();
    this.host.tell("ready");
    if (this.host.isOpen) this.opened();
  }

  opened() {
    this.host.isOpen = true;
    this.composer.refresh();
    this.composer.focus();
    this.log.toEnd();
    this.#read();
  }

  send(text, payload) {
    this.log.offer([]);
    this.session.send(text, payload);
    this.composer.focus();
  }

  #build() {
    const { strings } = this;
    const parts = { scroller: $("scroller"), list: $("log"), replies: $("replies"), pill: $("pill") };
    this.log = new Log(parts, strings, {
      rate: (seq, value) => this.#rate(seq, value),
      retry: (item) => this.session.retry(item),
      edit: (item) => this.#edit(item),
    });
    const field = { form: $("composer"), field: $("field"), button: $("send"), counter: $("counter") };
    this.composer = new Composer(field, strings, {
      send: (text) => this.send(text),
      typing: () => this.session.typing(),
      draft: (text) => this.host.set("draft", text || null),
    });
  }

  #listen() {
    $("close").addEventListener("click", () => this.host.tell("close"));
    $("person").addEventListener("click", () => this.#askForPerson());
    $("download").addEventListener("click", () => downloadTranscript(this.session.store.inOrder(), this.strings));
    $("clear").addEventListener("click", () => $("clear-dialog").showModal());
    $("clear-dialog").addEventListener("close", ({ target }) => target.returnValue === "clear" && this.#forget());
    document.addEventListener("visibilitychange", () => this.#read());
    listenToKeys({ isModal: () => this.host.isModal, onEscape: () => this.#escape() });
    this.#obey();
  }

  /** What the page asks of us. */
  #obey() {
    const { host } = this;
    host.on("open", () => this.opened());
    host.on("shut", () => (host.isOpen = false));
    host.on("modal", ({ isModal }) => (host.isModal = isModal));
    host.on("send", ({ text }) => this.send(text));
    host.on("prefill", ({ text }) => this.composer.fill(text));
    host.on("options", ({ options }) => this.#change(options));
    host.on("saved", ({ key }) => this.#savedElsewhere(key));
  }

  #whatHappens() {
    return {
      message: (message, isNew) => this.#message(message, isNew),
      settled: () => this.#settled(),
      item: (item) => this.#showItem(item),
      connection: (state) => this.#connection(state),
      state: (state) => this.#state(state),
      typing: (isOn) => this.#typing(isOn),
      error: (error) => error.code === "rate_limited" && this.status.say(this.strings.t("rate_limited")),
      reset: () => this.log.clear(),
    };
  }

  #message(message, isNew) {
    this.log.show(message);
    if (!isNew || message.role === "user") return;
    this.#typing(false);
    if (message.seq > this.#readUntil) this.host.emit("message:received", message);
  }

  #settled() {
    this.#offerChoices();
    this.#read();
  }

  /** Only the newest answer offers its buttons, and only until the person has said something. */
  #offerChoices() {
    const messages = this.session.store.inOrder();
    const lastOwn = messages.findLastIndex(({ role }) => role === "user");
    const answer = messages.slice(lastOwn + 1).findLast(({ buttons }) => buttons?.length);
    this.log.offer(answer?.buttons ?? [], (title, payload) => this.send(title, payload));
  }

  #showItem(item) {
    const state = item.failed ? "failed" : this.status.isTroubled ? "waiting" : "sending";
    this.log.showItem(item, state);
  }

  #connection(state) {
    this.status.connected(state);
    this.session.queue.items.forEach((item) => this.#showItem(item));
    if (state === "open" || state === "idle") $("intro").hidden = false;
  }

  #state(state) {
    $("state").textContent = this.strings.t(`state_${state}`);
    $("state").dataset.state = state;
    $("person").hidden = state === "waiting" || state === "human";
  }

  #typing(isOn) {
    const speaker = this.strings.t(this.session.state === "human" ? "staff" : "bot");
    $("typing-text").textContent = isOn ? this.strings.t("typing", { speaker }) : "";
    $("typing").hidden = !isOn;
    if (isOn) this.log.follow();
  }

  #rate(seq, value) {
    this.session.rate(seq, value);
    this.log.show(this.session.store.messages.get(seq));
    if (value === "up") this.status.say(this.strings.t("thanks"));
    if (value === "down") this.log.askReason(seq, (reason) => this.#explain(seq, reason));
  }

  #explain(seq, reason) {
    if (reason) this.session.rate(seq, "down", reason);
    this.status.say(this.strings.t("thanks"));
    this.composer.focus();
  }

  #edit(item) {
    this.session.queue.remove(item.id);
    this.log.remove(item);
    this.composer.fill(item.text);
    this.composer.focus();
  }

  #askForPerson() {
    this.session.askForPerson();
    if (this.status.isTroubled) this.status.say(this.strings.t("person_asked"));
    this.composer.focus();
  }

  #forget() {
    this.session.forget();
    this.log.clear();
    this.host.clear();
    this.composer.fill("");
    this.status.say(this.strings.t("cleared"));
    this.#read();
  }

  #escape() {
    if (this.menu.isOpen) this.menu.hide();
    else this.host.tell("close");
  }

  #savedElsewhere(key) {
    if (key === "visitor") this.session.follow();
    if (key === "read") this.#read();
  }

  get #readUntil() {
    const read = this.host.get("read");
    return read?.conversation === this.session.conversation ? read.seq : 0;
  }

  #read() {
    const { conversation, store } = this.session;
    const isSeen = this.host.isOpen && !document.hidden;
    if (isSeen && store.held > this.#readUntil) this.host.set("read", { conversation, seq: store.held });
    this.host.tell("unread", { count: store.unreadAfter(this.#readUntil) });
  }

  #change(options) {
    Object.assign(this.host.options, options);
    Object.assign(this.strings, new Strings(this.host.options));
    this.#dress();
    this.log.clear();
    this.session.store.inOrder().forEach((message) => this.log.show(message));
    this.session.queue.items.forEach((item) => this.#showItem(item));
    this.#offerChoices();
  }

  #dress() {
    applyTheme(this.host.options);
    this.strings.apply(document.documentElement);
    this.#state(this.session.state);
    this.composer.refresh();
    const suggest = (text) => el("button", { type: "button", dir: "auto", onclick: () => this.send(text) }, text);
    $("suggestions").replaceChildren(...this.strings.words.suggestions.map(suggest));
  }
}

function socketUrl() {
  const url = new URL("../../ws/chat/", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

meetHost().then((host) => new Chat(host).start());
