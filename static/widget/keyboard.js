const FOCUSABLE = "a[href], button:not([disabled]), textarea, input, [tabindex='0']";

/** Esc leaves; in full-screen mode Tab goes round inside instead of out to the page beneath. */
export function listenToKeys({ isModal, onEscape }) {
  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && !event.isComposing) onEscape();
    if (event.key === "Tab" && isModal()) goRound(event);
  });
}

function goRound(event) {
  const nodes = [...document.querySelectorAll(FOCUSABLE)].filter((node) => node.offsetParent);
  const [from, to] = event.shiftKey ? [nodes[0], nodes.at(-1)] : [nodes.at(-1), nodes[0]];
  if (document.activeElement !== from) return;
  event.preventDefault();
  to.focus();
}
