import ar from "./locales/ar.js";
import de from "./locales/de.js";
import en from "./locales/en.js";

const LOCALES = { ar, de, en };
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

/** The words of the widget in one language. What a site gives as `strings` wins over ours. */
export class Strings {
  constructor({ locale = "en", strings = {}, title } = {}) {
    this.locale = validLocale(locale);
    this.language = this.locale.split("-")[0];
    const words = { ...en, ...LOCALES[this.language], ...strings };
    this.words = title ? { ...words, title } : words;
  }

  get direction() {
    return RIGHT_TO_LEFT.has(this.language) ? "rtl" : "ltr";
  }

  /** `{name}` in a text stands for a value. */
  t(key, values = {}) {
    return String(this.words[key] ?? key).replace(/\{(\w+)\}/g, (source, name) => values[name] ?? source);
  }

  number(value) {
    return new Intl.NumberFormat(this.locale).format(value);
  }

  time(date) {
    return new Intl.DateTimeFormat(this.locale, { hour: "numeric", minute: "2-digit" }).format(date);
  }

  day(date) {
    const days = Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
    if (days < 2) return this.t(days ? "yesterday" : "today");
    return new Intl.DateTimeFormat(this.locale, { weekday: "long", day: "numeric", month: "long" }).format(date);
  }

  /** Fill every `data-text` and `data-label` of the page. */
  apply(root) {
    root.lang = this.locale;
    root.dir = this.direction;
    for (const node of root.querySelectorAll("[data-text]")) node.textContent = this.t(node.dataset.text);
    for (const node of root.querySelectorAll("[data-label]")) node.setAttribute("aria-label", this.t(node.dataset.label));
    for (const node of root.querySelectorAll("[data-hint]")) node.setAttribute("placeholder", this.t(node.dataset.hint));
  }
}

function validLocale(locale) {
  try {
    return Intl.getCanonicalLocales(locale.replace("_", "-"))[0] ?? "en";
  } catch {
    return "en";
  }
}

function midnight(date) {
  return new Date(date).setHours(0, 0, 0, 0);
}
