import { el } from "./dom.js";

/** Hands the conversation to the person as a text file. */
export function downloadTranscript(messages, strings) {
  const lines = messages.filter(({ text }) => text).map((message) => line(message, strings));
  const address = URL.createObjectURL(new Blob([lines.join("\n")], { type: "text/plain;charset=utf-8" }));
  el("a", { href: address, download: `${strings.t("log")} ${new Date().toISOString().slice(0, 10)}.txt` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

function line({ role, text, time, citations }, strings) {
  const speaker = strings.t(role === "user" ? "you" : role);
  const sources = (citations ?? []).map(({ title, url }) => `    ${title} ${url ?? ""}`.trimEnd());
  return [`[${new Date(time).toLocaleString(strings.locale)}] ${speaker}: ${text}`, ...sources, ""].join("\n");
}
