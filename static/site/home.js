const copy = document.getElementById("copy");
const label = copy.querySelector("span");

copy.addEventListener("click", async () => {
  await write(document.getElementById("snippet"));
  label.textContent = "Copied";
  setTimeout(() => (label.textContent = "Copy"), 2000);
});

for (const button of document.querySelectorAll("[data-ask]")) {
  button.addEventListener("click", () => ask(button.dataset.ask));
}

function ask(question) {
  window.Frontdesk.open();
  if (question) window.Frontdesk.sendMessage(question);
}

/** The clipboard exists on HTTPS pages and localhost only; elsewhere the text is selected for the keyboard. */
async function write(node) {
  if (navigator.clipboard) return navigator.clipboard.writeText(node.textContent);
  window.getSelection().selectAllChildren(node);
}
