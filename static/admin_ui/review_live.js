import { Socket } from "../widget/socket.js";
import { Failed, ask, desk, el, nodesOf, over, put } from "./review_page.js";

/** The page keeps up: new messages, answers, and what the visitor and colleagues make of them. Hints come by websocket. */
export class Live {
  #wanted = new Set();
  #all = false;
  #busy = null;
  #opened = 0;

  constructor(thread, forms) {
    this.thread = thread;
    this.forms = forms;
    this.pill = document.getElementById("new-messages");
    this.unseen = 0;
    this.newest = Number(desk.dataset.newest);
    this.stamp = desk.dataset.stamp;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const on = { open: () => this.#open(), frame: (frame) => this.#frame(frame), lost: () => this.#lost() };
    this.socket = new Socket(`${scheme}//${location.host}/ws/desk/${desk.dataset.publicId}/`, on);
    this.pill.addEventListener("click", () => this.#toEnd());
    addEventListener("scroll", () => this.thread.isAtEnd && this.#seen(), { passive: true });
    thread.addEventListener("select", ({ detail }) => this.socket.send({ type: "at", seq: detail }));
    this.socket.start();
  }

  #open() {
    const seq = Number(this.thread.current?.dataset.seq ?? 0);
    this.socket.send({ type: "at", seq });
    this.#all ||= this.#opened++ > 0;
    this.#look(this.#pendingSeqs());
  }

  /** A server that lets nobody in does not say why: the page asks. */
  #lost() {
    this.#people(null);
    if (this.socket.isWanted) this.#look([]);
  }

  /** Whatever else it was: what was wanted stays so, and the next hint or pong brings it. */
  #failed(error) {
    if (!(error instanceof Failed)) throw error;
    if (over(error)) this.socket.stop();
  }

  #frame(frame) {
    if (frame.type === "presence") return this.#people(frame.people);
    if (frame.type === "pong") return this.#compare(frame);
    if (frame.type === "changed") return this.#look(frame.seq ? [frame.seq] : []);
    if (["message", "answered", "state"].includes(frame.type)) this.#look(this.#pendingSeqs());
  }

  /** A hint may have got lost, or what it was about could not be fetched. The stamp is that of the last time that all was
      fetched: a hint that came does not tell that none got lost before it. */
  #compare({ newest_seq: newest, stamp }) {
    this.#all ||= stamp !== this.stamp;
    if (this.#all || this.#wanted.size || newest > this.newest) this.#look(this.#pendingSeqs());
  }

  /** Fetch what is new, and these again. One at a time; what is asked meanwhile comes next. */
  #look(seqs) {
    seqs.forEach((seq) => this.#wanted.add(seq));
    this.again = true;
    this.#busy ??= this.#fetch().catch((error) => this.#failed(error)).finally(() => (this.#busy = null));
  }

  async #fetch() {
    while (this.again) {
      this.again = false;
      if (this.#all) await this.#refreshAll();
      for (const seq of this.#wanted) await this.#refresh(seq);
      await this.#fetchNew();
    }
  }

  async #refreshAll() {
    this.#all = false;
    let before = null;
    try {
      for (let seq = this.thread.first - 1, more = true; more && seq < this.thread.last; ) {
        const { items, seqs, stamp } = await ask(`messages/?after=${seq}`);
        before ??= stamp;
        this.#bring(items);
        [more, seq] = [seqs.length > 0, seqs.at(-1)];
      }
      this.stamp = before ?? this.stamp;
    } catch (error) {
      this.#all = true;
      throw error;
    }
  }

  async #refresh(seq) {
    this.#wanted.delete(seq);
    if (!this.thread.line(seq)) return;
    try {
      this.#bring((await ask(`messages/?seq=${seq}`)).items);
    } catch (error) {
      this.#wanted.add(seq);
      throw error;
    }
  }

  /** Show those of these messages that are on the page and are others now. */
  #bring(items) {
    for (const fresh of nodesOf(items)) {
      const [seq, now] = [Number(fresh.dataset.seq), this.thread.line(fresh.dataset.seq)];
      if (now && isOther(now, fresh) && !this.forms.isSending(seq)) this.#show(now, fresh);
    }
  }

  /** Nobody's open choice is taken away: whoever chooses is told, and sees it when saving. */
  #show(line, fresh) {
    const words = fresh.querySelector(".verdict")?.textContent.trim();
    if (line.querySelector(".picker, [data-passing]") && line.dataset.revision !== fresh.dataset.revision) {
      line.querySelector(".meanwhile")?.remove();
      line.querySelector(".annotation-panel").prepend(el("p", { class: "meanwhile", role: "status" }, `Meanwhile: ${words || "a colleague changed this"}.`));
      return;
    }
    put({ [line.id]: fresh.outerHTML });
    if (line.dataset.revision !== fresh.dataset.revision || thumbs(line) !== thumbs(fresh)) flash(document.getElementById(line.id));
  }

  async #fetchNew() {
    const { thread } = this;
    const wasAtEnd = thread.isAtEnd;
    const found = await ask(`messages/?after=${thread.last}`);
    put(found.parts);
    this.newest = found.newest;
    if (!thread.showsNewest) return this.#count(Math.max(0, found.newest - Number(desk.dataset.newest)));
    thread.add(found.items);
    if (found.seqs.length && wasAtEnd && !thread.current?.matches(".is-current:focus-within")) this.#toEnd();
    else if (found.seqs.length) this.#count(this.unseen + found.seqs.length);
    if (thread.last < found.newest && found.seqs.length) this.again = true;
  }

  #count(count) {
    this.unseen = count;
    this.pill.hidden = !count || this.thread.isAtEnd;
    this.pill.textContent = `${count} new message${count === 1 ? "" : "s"} ↓`;
  }

  #seen() {
    this.#count(0);
  }

  #toEnd() {
    if (!this.thread.showsNewest) return location.assign(`${desk.dataset.base}change/#end`);
    document.getElementById("end").scrollIntoView({ block: "end", behavior: "instant" });
    this.#seen();
  }

  #pendingSeqs() {
    return this.thread.lines.filter((line) => line.matches(".status-received")).map((line) => Number(line.dataset.seq));
  }

  /** `people` is null where the line is lost. */
  #people(people) {
    const seen = people ?? [];
    document.querySelectorAll(".message .is-here").forEach((node) => node.remove());
    document.querySelectorAll("#people").forEach((place) => place.replaceChildren(...seen.map(face)));
    for (const person of seen) this.thread.line(person.at)?.querySelector(".said-by")?.append(here(person));
    this.colleagues = seen;
  }
}

function face({ name, initials }) {
  return el("span", { class: "face", title: `${name} is here`, role: "img", "aria-label": `${name} is here` }, initials);
}

function here({ name, initials }) {
  return el("span", { class: "face face-small is-here", title: `${name} looks at this`, role: "img", "aria-label": `${name} looks at this` }, initials);
}

function isOther(line, fresh) {
  const notes = (node) => [...node.querySelectorAll(".note-text")].map((note) => note.textContent).join("\n");
  return line.dataset.revision !== fresh.dataset.revision || statusOf(line) !== statusOf(fresh) || thumbs(line) !== thumbs(fresh) || notes(line) !== notes(fresh);
}

function thumbs(line) {
  return line.querySelector(".feedback")?.textContent;
}

function statusOf(line) {
  return [...line.classList].find((name) => name.startsWith("status-"));
}

function flash(line) {
  line?.classList.add("was-changed");
  setTimeout(() => line?.classList.remove("was-changed"), 2400);
}
