/** Markdown as DOM nodes: no HTML is ever parsed, and no picture is ever fetched because a text says so. */
import { el } from "./dom.js";

const PROTOCOLS = new Set(["http:", "https:", "mailto:", "tel:"]);
const SPECIAL = /[\\`*_[!]|https?:\/\//g;
const BULLET = /^\s*[-*+]\s+(.*)/;
const NUMBER = /^\s*(\d{1,9})[.)]\s+(.*)/;
const HEADING = /^#{1,6}\s+(.*)/;
const FENCE = /^\s*```/;

const RULES = [
  [/\\([\\`*_[\]()#+.!>~-])/y, ([, character]) => character],
  [/`([^`\n]{1,2000})`/y, ([, code]) => el("code", {}, code)],
  [/\*\*(\S(?:.{0,2000}?\S)?)\*\*/y, ([, text]) => el("strong", {}, ...inline(text))],
  [/__(\S(?:.{0,2000}?\S)?)__(?!\w)/y, ([, text]) => el("strong", {}, ...inline(text))],
  [/\*([^\s*](?:[^*\n]{0,2000}?[^\s*])?)\*/y, ([, text]) => el("em", {}, ...inline(text))],
  [/_([^\s_](?:[^\n]{0,2000}?[^\s_])?)_(?!\w)/y, ([, text]) => el("em", {}, ...inline(text))],
  [/!?\[([^\]\n]{1,500})\]\(([^\s()]{1,2000}(?:\([^\s()]{0,500}\)[^\s()]{0,500}){0,4})\)/y, namedLink],
  [/https?:\/\/[^\s<>"'`]{1,2000}/y, bareLink],
];

export function markdown(text) {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const blocks = [];
  while (lines.length) {
    const block = nextBlock(lines);
    if (block) blocks.push(block);
  }
  return blocks;
}

/** The address if a click on it can do no harm, else null. */
export function safeUrl(address) {
  try {
    const url = new URL(address);
    return PROTOCOLS.has(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function link(label, address) {
  const href = safeUrl(address);
  if (!href) return null;
  return el("a", { href, target: "_blank", rel: "noopener nofollow ugc" }, label);
}

function nextBlock(lines) {
  const line = lines[0];
  if (!line.trim()) return void lines.shift();
  if (FENCE.test(line)) return fence(lines);
  if (BULLET.test(line)) return list(lines, "ul", BULLET);
  if (NUMBER.test(line)) return list(lines, "ol", NUMBER);
  if (HEADING.test(line)) return el("p", {}, el("strong", {}, ...inline(HEADING.exec(lines.shift())[1])));
  return paragraph(lines);
}

function fence(lines) {
  lines.shift();
  const end = lines.findIndex((line) => FENCE.test(line));
  const code = lines.splice(0, end < 0 ? lines.length : end);
  lines.shift();
  return el("pre", { tabindex: 0 }, el("code", {}, code.join("\n")));
}

function list(lines, tag, pattern) {
  const first = pattern.exec(lines[0])[1];
  const node = el(tag, { start: tag === "ol" && first !== "1" && first });
  while (lines.length && pattern.test(lines[0])) {
    node.append(el("li", {}, ...inline(pattern.exec(lines.shift()).at(-1))));
  }
  return node;
}

function paragraph(lines) {
  const node = el("p");
  do {
    if (node.childNodes.length) node.append(el("br"));
    node.append(...inline(lines.shift()));
  } while (lines.length && lines[0].trim() && ![FENCE, BULLET, NUMBER, HEADING].some((start) => start.test(lines[0])));
  return node;
}

function inline(text) {
  const nodes = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const start = nextSpecial(text, at);
    plain += text.slice(at, start);
    const found = start < text.length && firstRule(text, start);
    if (found) nodes.push(plain, found.node);
    plain = found ? "" : plain + text.slice(start, start + 1);
    at = found ? found.end : start + 1;
  }
  return [...nodes, plain].filter((node) => node !== "");
}

function nextSpecial(text, from) {
  SPECIAL.lastIndex = from;
  return SPECIAL.exec(text)?.index ?? text.length;
}

function firstRule(text, at) {
  if (text[at] === "_" && at > 0 && /\w/.test(text[at - 1])) return null;
  for (const [pattern, build] of RULES) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) return { node: build(match), end: at + match[0].length };
  }
  return null;
}

function namedLink([source, label, address]) {
  return link(label, address) ?? source;
}

function bareLink([source]) {
  const address = source.replace(/[.,;:!?)\]}*_]+$/, "");
  return el("span", {}, link(address, address) ?? address, source.slice(address.length));
}
