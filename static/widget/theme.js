const DARK = window.matchMedia("(prefers-color-scheme: dark)");
const GROUNDS = { light: ["#efefed", 0], dark: ["#2c2e33", 255] };
const AA = 4.6;
const root = document.documentElement;
let wanted = "auto";

/** One accent, `#rrggbb`; what is written on it or in it stays readable (WCAG 2 AA) on light and dark ground. */
export function applyTheme({ theme = "auto", accent = "#0b6e5f" }) {
  wanted = theme;
  root.style.setProperty("--accent", accent);
  root.style.setProperty("--on-accent", contrast(rgb(accent), [255, 255, 255]) >= 4.5 ? "#fff" : "#000");
  for (const [name, [ground, end]] of Object.entries(GROUNDS)) {
    root.style.setProperty(`--ink-${name}`, ink(rgb(accent), rgb(ground), end));
  }
  resolve();
}

function resolve() {
  root.dataset.theme = wanted === "auto" ? (DARK.matches ? "dark" : "light") : wanted;
}

/** The accent, moved towards black (0) or white (255) until it can be read on `ground`. */
function ink(accent, ground, end) {
  const mixed = (share) => accent.map((value) => Math.round(value + (end - value) * share));
  let share = 0;
  while (contrast(mixed(share), ground) < AA) share += 0.04;
  return `rgb(${mixed(share).join(" ")})`;
}

function rgb(hex) {
  return hex.slice(1).match(/../g).map((pair) => parseInt(pair, 16));
}

/** Contrast ratio of two colours, from their relative luminance: WCAG 2.2, "contrast ratio". */
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour) {
  const [red, green, blue] = colour.map((value) => (value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

DARK.addEventListener("change", resolve);
