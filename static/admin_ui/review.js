/** The review page: reading, annotating and going on without a mouse. The page works without this, by links and forms. */
import { keys } from "./keys.js";
import { markFound } from "./review_highlights.js";
import { Forms } from "./review_forms.js";
import { Live } from "./review_live.js";
import { openEntities, openEvents, openNote } from "./review_details.js";
import { Failed, desk, el, mayReview, over } from "./review_page.js";
import { Picker, forgetVocabulary, vocabulary } from "./review_picker.js";
import { Thread } from "./review_thread.js";
import { toast } from "./review_toasts.js";

const thread = new Thread();
const forms = new Forms(thread);
let picker = null;

document.body.classList.add("by-script");
if (matchMedia("(max-width: 1023px)").matches) document.getElementById("facts").open = false;
begin();
new Live(thread, forms);
markFound(document.getElementById("messages"));

const acts = {
  correct: () => press("correct"),
  flag: () => press("flag"),
  "take-back": () => press("take-back"),
  intent: () => pick(),
  entities: () => ifAny("entities", () => openEntities(thread.current, forms)),
  note: () => thread.current && openNote(thread.current),
  reviewed: () => forms.press(document.querySelector("#desk-state [data-act=reviewed]")),
  later: () => forms.press(document.querySelector("#desk-state [data-act=later]")),
  cared: () => forms.press(document.querySelector("#desk-state [data-act=cared]")),
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[type=button][data-act]");
  if (button) acts[button.dataset.act]?.();
  const link = event.target.closest(".events-link");
  if (link) openEvents(event, link);
});

keys(
  {
    "j ArrowDown": { label: "Next message of the visitor", run: () => thread.move(1) },
    "k ArrowUp": { label: "The one before", run: () => thread.move(-1) },
    d: { label: "Next one in doubt, or disliked", run: () => thread.move(1, isInDoubt) },
    "]": { label: "Next conversation", run: () => follow("next") },
    "[": { label: "Previous conversation", run: () => follow("prev") },
  },
  "Reading",
);

if (mayReview) {
  keys(
    {
      c: { label: "Correct, or take that back", run: acts.correct },
      i: { label: "Change the intent", run: acts.intent },
      "1 2 3 4 5": { shown: ["1–5"], label: "Choose a runner-up", run: ({ key }) => choose(Number(key)) },
      e: { label: "Mark entities", run: acts.entities },
      f: { label: "Flag the message", run: acts.flag },
      n: { label: "Note beside the message", run: acts.note },
      u: { label: "Undo", run: () => forms.undo() },
    },
    "This message",
  );
  keys(
    {
      r: { label: "Reviewed, and to the next", run: acts.reviewed },
      s: { label: "Save for later", run: acts.later },
      w: { label: "Who waited for a person is taken care of", run: acts.cared },
      t: { label: "Tag", run: () => reach("#desk-tags [name=add]") },
    },
    "This conversation",
  );
  document.addEventListener("sent", () => forgetVocabulary());
  requestIdleCallback?.(() => vocabulary().catch(() => null));
}
keys({ Escape: { label: "Close what is open", run: () => leaveField() } }, "Everywhere");

/** Where one was led to, or else the visitor's first message that nobody has reviewed. */
function begin() {
  const at = location.hash.match(/^#m(\d+)$/)?.[1] ?? desk.dataset.at;
  if (at && thread.line(at)) {
    thread.select(thread.line(at), { focus: false, scroll: false });
    return thread.line(at).scrollIntoView({ block: "center", behavior: "instant" });
  }
  const reviewed = Number(desk.dataset.reviewed);
  const theirs = thread.lines.filter((line) => line.matches(".message-user"));
  const first = theirs.find((line) => Number(line.dataset.turn) > reviewed) ?? theirs.at(-1);
  thread.select(first, { focus: false });
}

/** Hardly understood, or answered with what the visitor gave a thumbs down. */
function isInDoubt(line) {
  if (!line.matches(".message-user:not(.is-annotated)")) return false;
  return line.matches(".in-doubt") || Boolean(document.querySelector(`.message[data-turn="${line.dataset.turn}"] .feedback-down`));
}

function press(act) {
  return ifAny(act, (button) => forms.press(button));
}

function ifAny(act, run) {
  const button = thread.current?.querySelector(`[data-act="${act}"]`);
  if (button) run(button);
}

function choose(number) {
  forms.press(thread.current?.querySelectorAll(".choice")[number - 1]);
}

function pick() {
  ifAny("intent", () => {
    if (picker?.isOpen) picker.close();
    const line = thread.current;
    picker = new Picker(line, (name) => correct(line, name));
    picker.open();
  });
}

function correct(line, name) {
  const form = document.getElementById(line.id).querySelector(".annotation-panel form[data-seq]");
  const button = el("button", { name: "intent", value: name, hidden: true });
  form.append(button);
  form.requestSubmit(button);
  button.remove();
}

function follow(rel) {
  document.querySelector(`.desk-tools a[rel=${rel}]`)?.click();
}

function reach(selector) {
  const field = document.querySelector(selector);
  field?.scrollIntoView({ block: "nearest", behavior: "instant" });
  field?.focus();
}

function leaveField() {
  if (picker?.isOpen) return picker.close();
  document.querySelector(".message.is-current [data-passing] [data-cancel]")?.click();
}

addEventListener("unhandledrejection", (event) => {
  if (!(event.reason instanceof Failed)) return;
  event.preventDefault();
  if (!over(event.reason)) toast(event.reason.message, { isError: true });
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !event.target.matches?.("textarea, input[type=text], [data-keys-off] *")) return;
  event.target.closest("[data-passing]")?.querySelector("[data-cancel]")?.click();
  event.target.blur();
});
