/** The page that embeds us. It keeps what must be remembered: its storage is first-party, ours might not be. */

const PREFIX = "frontdesk:";

/** Resolves when the loader has spoken. Opened as a page of its own, the frame is its own host. */
export function meetHost() {
  if (window.parent === window) return Promise.resolve(new LocalHost());
  return new Promise((resolve) => {
    window.addEventListener("message", function greet(event) {
      if (!isFromLoader(event)) return;
      window.removeEventListener("message", greet);
      resolve(new PageHost(event.ports[0], event.data));
    });
  });
}

function isFromLoader({ source, origin, data, ports }) {
  const isParent = source === window.parent && origin === parentOrigin();
  return isParent && data?.type === "frontdesk:init" && ports.length === 1;
}

function parentOrigin() {
  if (location.ancestorOrigins) return location.ancestorOrigins[0];
  return document.referrer && new URL(document.referrer).origin;
}

/** Saved values by key, and what the page and we tell each other. */
class Host {
  #listeners = {};

  constructor({ options = {}, saved = {}, isOpen = true, isModal = false }) {
    Object.assign(this, { options, values: saved, isOpen, isModal });
  }

  on(type, listener) {
    this.#listeners[type] = listener;
  }

  hear(data) {
    if (data.type === "saved") this.values[data.key] = data.value;
    this.#listeners[data.type]?.(data);
  }

  get(key) {
    return this.values[key] ?? null;
  }

  /** The values of all keys that start with `prefix`. */
  under(prefix) {
    const entries = Object.entries(this.values).filter(([key, value]) => key.startsWith(prefix) && value);
    return entries.map(([, value]) => value);
  }

  set(key, value) {
    if (value === this.get(key)) return;
    this.values[key] = value;
    this.tell("save", { key, value });
  }

  clear() {
    for (const key of Object.keys(this.values)) this.set(key, null);
  }

  emit(name, detail) {
    this.tell("emit", { name, detail });
  }
}

class PageHost extends Host {
  #port;

  constructor(port, start) {
    super(start);
    this.#port = port;
    port.onmessage = ({ data }) => this.hear(data);
  }

  tell(type, data) {
    this.#port.postMessage({ type, ...data });
  }
}

class LocalHost extends Host {
  constructor() {
    super({ saved: readStorage(), options: { ...document.documentElement.dataset } });
  }

  tell(type, { key, value } = {}) {
    if (type !== "save") return;
    if (value === null) localStorage.removeItem(PREFIX + key);
    else localStorage.setItem(PREFIX + key, JSON.stringify(value));
  }
}

function readStorage() {
  const keys = Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  return Object.fromEntries(keys.map((key) => [key.slice(PREFIX.length), JSON.parse(localStorage.getItem(key))]));
}
