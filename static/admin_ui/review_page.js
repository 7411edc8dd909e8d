/** What all parts of the review desk share: the conversation, how to ask the server, how to put in what it answers. */
export const desk = document.getElementById("desk");
export const mayReview = "mayReview" in desk.dataset;

/** `message` is for whoever reads the page; `body` is what the server said, if anything. */
export class Failed extends Error {
  constructor(message, status = 0, body = null) {
    super(message);
    Object.assign(this, { status, body });
  }
}

/** JSON from an address under this conversation. */
export async function ask(path) {
  return answer(await sent(desk.dataset.base + path, {}));
}

export async function askText(url) {
  const response = await sent(url, {});
  if (!response.ok) throw new Failed("That could not be fetched. Try again.", response.status);
  return response.text();
}

/** `fields` is FormData or an object. */
export async function tell(url, fields) {
  const body = fields instanceof FormData ? fields : new FormData();
  if (body !== fields) Object.entries(fields).forEach(([name, value]) => body.set(name, value));
  if (!body.has("csrfmiddlewaretoken")) body.set("csrfmiddlewaretoken", token());
  if (desk.dataset.filters && !body.has("_changelist_filters")) body.set("_changelist_filters", desk.dataset.filters);
  return answer(await sent(url, { method: "POST", body }));
}

async function sent(url, options) {
  try {
    return await fetch(url, { ...options, headers: { Accept: "application/json" }, credentials: "same-origin" });
  } catch {
    throw new Failed("No connection. What you chose is still here: try again.");
  }
}

async function answer(response) {
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  if (isJson && response.ok) return response.json();
  if (isJson) {
    const body = await response.json();
    throw new Failed(body.message ?? "That did not work.", response.status, body);
  }
  if (response.redirected || response.status === 403) throw new Failed("Your session has ended.", 403);
  if (response.status === 404) throw new Failed("This conversation was deleted.", 404);
  throw new Failed("That did not work. Try again.", response.status);
}

/** Whether nothing can be done here any more: the session has ended, or the conversation is gone. Then the page says so. */
export function over({ status, message }) {
  if (status !== 403 && status !== 404) return false;
  const ways = { 403: ["Log in again", `/admin/login/?next=${encodeURIComponent(location.pathname + location.search)}`], 404: ["Back to the list", "../../"] };
  const [words, href] = ways[status];
  document.body.dataset.keysOff = "";
  document.getElementById("over")?.remove();
  desk.before(el("p", { id: "over", class: "over", role: "alert" }, `${message} `, el("a", { href }, words)));
  return true;
}

function token() {
  return document.querySelector("[name=csrfmiddlewaretoken]")?.value ?? "";
}

export function nodesOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children];
}

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

/** Pieces of the page by their ids, drawn by the server. What is open, typed or focused in them stays so. */
export function put(parts) {
  keepPlace(() => Object.entries(parts ?? {}).forEach(([id, html]) => swap(document.getElementById(id), html)));
}

function swap(old, html) {
  const [fresh] = nodesOf(html);
  if (!old || !fresh) return;
  const focused = old.contains(document.activeElement) ? document.activeElement : null; // what is moved loses it
  fresh.classList.toggle("is-current", old.classList.contains("is-current"));
  if (old.ariaCurrent) fresh.ariaCurrent = old.ariaCurrent;
  const open = [...old.querySelectorAll("details")].map((details) => details.open);
  [...fresh.querySelectorAll("details")].forEach((details, place) => (details.open = open[place] ?? details.open));
  for (const kept of old.querySelectorAll("[data-keep]")) fresh.querySelector(".annotation-panel")?.prepend(kept);
  for (const face of old.querySelectorAll(".is-here")) fresh.querySelector(".said-by")?.append(face);
  for (const people of old.querySelectorAll("#people")) fresh.querySelector("#people")?.replaceWith(people);
  const drafts = draftsIn(old);
  old.replaceWith(fresh);
  drafts.forEach((draft) => restore(fresh, draft));
  if (focused && !drafts.some((draft) => draft.focused)) refocus(fresh, focused);
}

function draftsIn(root) {
  return [...root.querySelectorAll("textarea, input[type=text]:not([role])")]
    .filter((field) => field.value !== field.defaultValue || field === document.activeElement)
    .map((field) => ({
      selector: `${field.localName}[name="${field.name}"]`,
      value: field.value,
      focused: field === document.activeElement,
      range: [field.selectionStart, field.selectionEnd],
    }));
}

function restore(root, { selector, value, focused, range }) {
  const field = root.querySelector(selector);
  if (!field) return;
  field.value = value;
  if (!focused) return;
  field.focus({ preventScroll: true });
  field.setSelectionRange(...range);
}

function refocus(root, focused) {
  if (focused.isConnected) return focused.focus({ preventScroll: true });
  const act = focused.dataset?.act;
  const same = (act && root.querySelector(`[data-act="${act}"]`)) || (root.matches("[tabindex]") ? root : null);
  same?.focus({ preventScroll: true });
}

/** Whatever changes, what the reader looks at stays where it is on the screen. */
export function keepPlace(change) {
  const anchor = document.querySelector(".message.is-current") ?? firstInView();
  const id = anchor?.id;
  const before = anchor?.getBoundingClientRect().top;
  change();
  const after = id && document.getElementById(id)?.getBoundingClientRect().top;
  if (after && Math.abs(after - before) > 1) scrollBy({ top: after - before, behavior: "instant" });
}

function firstInView() {
  return [...document.querySelectorAll(".message")].find((line) => line.getBoundingClientRect().bottom > 0);
}
