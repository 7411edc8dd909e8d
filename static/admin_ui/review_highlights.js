import { desk } from "./review_page.js";

const WORD = /[\p{L}\p{N}]{2,}/gu;

/** Marks the words of the search that led here, in the messages. Browsers that know no highlights show none. */
export function markFound(list) {
  const wanted = new URLSearchParams(desk.dataset.filters).get("q")?.match(WORD) ?? [];
  if (!wanted.length || !globalThis.CSS?.highlights) return;
  const word = new RegExp(`(?<![\\p{L}\\p{N}])(?:${wanted.join("|")})`, "giu");
  const draw = () => CSS.highlights.set("found", new Highlight(...rangesIn(list, word)));
  new MutationObserver(draw).observe(list, { childList: true });
  draw();
}

function* rangesIn(list, word) {
  const texts = document.createTreeWalker(list, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (!node.parentElement.closest(".bubble")) continue;
    for (const { index, 0: found } of node.data.matchAll(word)) yield rangeOf(node, index, index + found.length);
  }
}

function rangeOf(node, start, end) {
  const range = new Range();
  range.setStart(node, start);
  range.setEnd(node, end);
  return range;
}
