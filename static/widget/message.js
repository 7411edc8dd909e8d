import { el, icon } from "./dom.js";
import { link, markdown, safeUrl } from "./markdown.js";

/**
 * One line of the conversation as a node. `actions`: `rate(seq, value, reason)`, `retry(item)`, `edit(item)`.
 * What changes later (its time, where it stands, feedback) is in `.meta`, drawn by `drawMeta`.
 */
export function messageNode(message, strings) {
  const { role } = message;
  return el(
    "div",
    { class: "message", "data-role": role, "data-seq": message.seq, "data-id": message.id },
    el("p", { class: "day", hidden: true }),
    el("span", { class: "speaker" }, strings.t("says", { speaker: strings.t(role === "user" ? "you" : role) })),
    ...content(message, strings),
    el("div", { class: "meta", "aria-live": "off" }),
  );
}

export function isShown({ text, attachments, citations }) {
  return Boolean(text || attachments?.length || citations?.length);
}

export function drawMeta(node, message, strings, actions) {
  const meta = node.querySelector(".meta");
  const sent = el("time", { datetime: message.time }, strings.time(new Date(message.time)));
  meta.replaceChildren(sent);
  if (message.role === "bot") meta.append(thumbs(message, strings, actions));
}

/** `state`: sending, waiting (no connection) or failed. */
export function drawState(node, item, state, strings, actions) {
  const label = state === "failed" ? strings.t(failure(item, strings)) : strings.t(state);
  const meta = node.querySelector(".meta");
  node.dataset.state = state;
  meta.replaceChildren(el("span", { class: "state" }, label));
  if (state !== "failed") return;
  meta.append(textButton(strings.t("edit"), () => actions.edit(item)));
  meta.append(textButton(strings.t("retry"), () => actions.retry(item)));
}

function failure(item, strings) {
  const key = `failed_${item.failed}`;
  return key in strings.words ? key : "failed";
}

function content({ role, text, attachments, citations }, strings) {
  return [
    text && el("div", { class: "bubble", dir: "auto" }, ...body(role, text)),
    ...(attachments ?? []).map((attachment) => picture(attachment, strings)),
    citations?.length && sources(citations, strings),
  ].filter(Boolean);
}

function body(role, text) {
  return role === "user" ? [el("p", {}, text)] : markdown(text);
}

function picture({ type, url }, strings) {
  const href = safeUrl(url);
  if (type !== "image" || !href?.startsWith("http")) return null;
  const image = el("img", { src: href, alt: strings.t("picture"), loading: "lazy", referrerpolicy: "no-referrer" });
  return el("a", { class: "picture", href, target: "_blank", rel: "noopener nofollow ugc" }, image);
}

function sources(citations, strings) {
  const items = citations.map(({ title, url, source }) => el("li", {}, link(title || url, url) ?? (title || source)));
  return el("div", { class: "sources", dir: "auto" }, el("span", {}, strings.t("sources")), el("ol", {}, ...items));
}

function thumbs(message, strings, actions) {
  const group = el("span", { class: "thumbs" });
  const thumb = (value, name, label) => {
    const isOn = message.feedback === value;
    const press = () => actions.rate(message.seq, isOn ? null : value);
    const attributes = { type: "button", class: "icon", "aria-label": strings.t(label), "aria-pressed": String(isOn) };
    return el("button", { ...attributes, "data-value": value, onclick: press }, icon(name));
  };
  group.append(thumb("up", "up", "helpful"), thumb("down", "thumb_down", "not_helpful"));
  return group;
}

/** Asks what was wrong, once, below an answer that was voted down. */
export function askReason(node, strings, onReason) {
  node.querySelector(".reason")?.remove();
  const input = el("input", { type: "text", maxlength: 500, "aria-label": strings.t("reason"), placeholder: strings.t("reason") });
  const send = (event) => {
    event.preventDefault();
    onReason(input.value.trim());
    form.remove();
  };
  const form = el("form", { class: "reason", "aria-live": "off", onsubmit: send }, input, submit(strings));
  node.append(form);
  input.focus();
}

function submit(strings) {
  return el("button", { class: "icon", "aria-label": strings.t("send") }, icon("send"));
}

function textButton(label, onclick) {
  return el("button", { type: "button", class: "text", onclick }, label);
}
