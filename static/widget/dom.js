const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  send: "M12 19V5M5.5 11.5 12 5l6.5 6.5",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M5 12h.01M12 12h.01M19 12h.01",
  down: "M12 5v14M5.5 12.5 12 19l6.5-6.5",
  up: "M7 11v9H4v-9h3Zm0 0 4-8a2.2 2.2 0 0 1 2.6 2.7L13 9h5.4a2 2 0 0 1 2 2.4l-1.3 7A2 2 0 0 1 17 20H7",
  thumb_down: "M17 13V4h3v9h-3Zm0 0-4 8a2.2 2.2 0 0 1-2.6-2.7L11 15H5.6a2 2 0 0 1-2-2.4l1.3-7A2 2 0 0 1 7 4h10",
};

/** Attributes named `on...` are listeners; `false`, `null` and `undefined` are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) put(node, name, value);
  node.append(...children.filter((child) => child != null));
  return node;
}

function put(node, name, value) {
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}
