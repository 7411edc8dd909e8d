import { Failed, el, over, put, tell } from "./review_page.js";
import { leave, left, toast } from "./review_toasts.js";

/** Forms that are sent from the page, and the way back from each. */
export class Forms {
  #undos = [];
  #sending = new Set();

  constructor(thread) {
    this.thread = thread;
    document.addEventListener("submit", (event) => {
      const form = event.target.closest("form[data-desk]");
      if (!form) return;
      event.preventDefault();
      this.send(form, event.submitter);
    });
    document.addEventListener("keydown", (event) => {
      const form = event.target.closest?.("form[data-desk]");
      if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    this.#saySomethingLeft();
  }

  /** Press a button of a form without a mouse. */
  press(button) {
    if (button?.form) button.form.requestSubmit(button);
    return Boolean(button);
  }

  async send(form, submitter) {
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    const url = submitter?.getAttribute("formaction") || form.getAttribute("action");
    const fields = fieldsOf(form, submitter);
    if (fields.has("seen")) fields.set("seen", this.thread.lastTurn);
    await this.finish(url, fields, Number(form.dataset.seq ?? 0), () => forget(form));
    form.ariaBusy = "false";
  }

  /** The same for fields of no form. `before` runs ahead of what the server's answer changes on the page. */
  async finish(url, fields, seq, before = () => {}) {
    this.#sending.add(seq);
    const done = await this.do(url, fields, seq).finally(() => this.#sending.delete(seq));
    if (!done) return;
    before();
    put(done.parts);
    document.dispatchEvent(new CustomEvent("sent"));
  }

  /** True while something about this message is under way: its answer brings the message anew. */
  isSending(seq) {
    return this.#sending.has(seq);
  }

  /** Returns what the server answered, null where it refused. `seq` is the message that it is about, if any. */
  async do(url, fields, seq = 0) {
    try {
      const done = await tell(url, fields);
      this.#remember(done.undo);
      if (done.go) this.#leave(done);
      else toast(done.said, { actions: done.undo ? [this.#back()] : [] });
      return done;
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      this.#refused(error, url, fields, seq);
      return null;
    }
  }

  /** Take back what was done last. */
  async undo() {
    const last = this.#undos.pop();
    if (!last) return toast("There is nothing to undo.");
    const { seq } = last.fields;
    this.#sending.add(seq);
    try {
      const done = await tell(last.url, last.fields);
      if (last.page) return this.#leave({ said: `Undone. ${done.said}`, go: last.page });
      put(done.parts);
      toast(`Undone. ${done.said}`);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      if (!error.body) this.#undos.push(last); // the server did not say a word about it
      if (over(error)) return;
      put(error.body?.parts);
      toast(error.message, { isError: true });
    } finally {
      this.#sending.delete(seq);
    }
  }

  #back() {
    return { label: "Undo", key: "u", run: () => this.undo() };
  }

  #remember(undo) {
    if (undo) this.#undos.push(undo);
  }

  #leave(done) {
    if (done.said) leave(done.said, done.undo);
    location.assign(done.go);
  }

  #saySomethingLeft() {
    const kept = left();
    if (!kept) return;
    this.#remember(kept.undo);
    toast(kept.words, { actions: kept.undo ? [this.#back()] : [] });
  }

  #refused(error, url, fields, seq) {
    if (over(error)) return;
    put(error.body?.parts);
    if (error.status !== 409) return toast(error.message, { isError: true });
    const line = this.thread.line(seq);
    line?.querySelector(".conflict")?.remove();
    line?.querySelector(".annotation-panel")?.prepend(this.#conflict(error, url, fields, seq));
    if (line) this.thread.select(line, { focus: false });
    line?.querySelector(".conflict button")?.focus();
  }

  /** What the colleague made of it stands in the message now; what was chosen here is one press away. */
  #conflict(error, url, fields, seq) {
    const mine = inWords(fields);
    const again = () => {
      note.remove();
      set(fields, "revision", error.body.extra.revision);
      this.finish(url, fields, seq);
    };
    const note = el("div", { class: "conflict", role: "alert", "data-keep": true },
      el("p", {}, error.message),
      el("p", {}, el("button", { type: "button", onclick: () => note.remove() }, "Keep theirs"), " ",
        el("button", { type: "button", class: "is-main", onclick: again }, mine ? `Use mine: ${mine}` : "Do it all the same")));
    return note;
  }
}

/** What a script opened for one message goes once it is sent; what was typed is not typed any more. */
function forget(form) {
  form.reset();
  form.closest("[data-passing]")?.remove();
}

function fieldsOf(form, submitter) {
  const fields = new FormData(form);
  if (submitter?.name) fields.set(submitter.name, submitter.value);
  return fields;
}

function set(fields, name, value) {
  if (fields instanceof FormData) fields.set(name, value);
  else fields[name] = value;
}

function inWords(fields) {
  const of = (name) => (fields instanceof FormData ? fields.get(name) : fields[name]) || "";
  return of("intent") || (of("verdict") === "corrected" && of("other")) || of("verdict");
}
