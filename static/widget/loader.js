/**
 * Frontdesk's embed script: a launcher on this page, the chat in a frame of its own. Needs no rights but
 * `script-src` and `frame-src` for the host it came from. Settings are `data-` attributes or `Frontdesk.boot()`.
 */
(() => {
  "use strict";
  const script = document.currentScript;
  const early = window.Frontdesk;
  if (early?.boot) return;

  const FRAME = new URL("frame/", script.src);
  const SMALL = window.matchMedia("(max-width: 560px), (max-height: 480px)");
  const ACCENT = "#0b6e5f";
  const HEX = /^#[\da-f]{6}$/i;
  const WORDS = {
    en: ["Open chat", "Close chat", "unread", "Connecting to the chat…"],
    de: ["Chat öffnen", "Chat schließen", "ungelesen", "Der Chat wird verbunden…"],
    ar: ["فتح المحادثة", "إغلاق المحادثة", "غير مقروءة", "جارٍ الاتصال…"],
  };
  const CSS = `
    :host { all: initial; --edge: 24px; font: 15px/1.5 Inter, system-ui, "Segoe UI", Roboto, sans-serif; }
    .launcher, .panel { position: fixed; z-index: 2147483000; right: var(--edge); }
    .left > * { right: auto; left: var(--edge); }
    .launcher { bottom: var(--edge); width: 60px; height: 60px; padding: 0; border: 0; border-radius: 50%; cursor: pointer; color: var(--ink); background: var(--accent);
      box-shadow: 0 0 0 1px rgb(255 255 255 / .2), 0 8px 28px rgb(0 0 0 / .22); transition: transform .2s; }
    .launcher:hover { transform: translateY(-2px); }
    .launcher:focus-visible { outline: 3px solid var(--accent); outline-offset: 3px; box-shadow: 0 0 0 3px #fff; }
    svg { position: absolute; inset: 16px; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; transition: transform .2s, opacity .2s; }
    svg + svg, .open svg { opacity: 0; transform: rotate(-45deg) scale(.6); }
    .open svg + svg { opacity: 1; transform: none; }
    .badge { position: absolute; top: -3px; right: -3px; min-width: 8px; padding: 0 5px; border-radius: 11px; border: 2px solid #fff; background: #c62828; color: #fff; font: 600 12px/18px Inter, sans-serif; }
    .badge:empty, .open .badge { display: none; }
    .panel { bottom: calc(var(--edge) + 76px); width: 400px; height: min(680px, 100vh - 124px); overflow: hidden; border-radius: 20px; background: #fff; color: #1d1e20;
      box-shadow: 0 0 0 1px rgb(0 0 0 / .07), 0 24px 64px rgb(0 0 0 / .22); visibility: hidden; opacity: 0; transform: translateY(12px) scale(.98); transition: opacity .2s, transform .2s, visibility 0s .2s; }
    .dark .panel { background: #17181b; color: #ededee; }
    .open .panel { visibility: visible; opacity: 1; transform: none; transition-delay: 0s; }
    .panel p { position: absolute; inset: 40% 0; text-align: center; }
    iframe { position: relative; width: 100%; height: 100%; border: 0; opacity: 0; color-scheme: normal; transition: opacity .2s; }
    .ready iframe { opacity: 1; }
    .ready p { visibility: hidden; }
    @media ${SMALL.media} {
      :host { --edge: 16px; }
      .panel { inset: 0; width: 100%; height: var(--height, 100%); top: var(--top, 0); border-radius: 0; }
      .open.ready .launcher { visibility: hidden; }
    }
    @media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
    @media (forced-colors: active) { .launcher, .panel { border: 2px solid CanvasText; } }
    @media print { * { display: none; } }`;

  const listeners = {};
  let options = {};
  let saved;
  let ui = null;

  /** What the frame asks us to remember, as JSON in this page's storage; in memory where that is forbidden. */
  class Saved {
    values = {};

    constructor(site) {
      this.prefix = `frontdesk:${site ? `${site}:` : ""}`;
      this.load();
    }

    load() {
      for (const key of guarded(() => Object.keys(localStorage)) ?? []) this.read(key, localStorage[key]);
    }

    /** The name under which the frame knows `key`, if it is ours. */
    read(key, json) {
      if (!key.startsWith(this.prefix)) return "";
      const name = key.slice(this.prefix.length);
      this.values[name] = guarded(() => JSON.parse(json));
      return name;
    }

    set(key, value) {
      this.values[key] = value;
      guarded(() => {
        if (value == null) localStorage.removeItem(this.prefix + key);
        else localStorage.setItem(this.prefix + key, JSON.stringify(value));
      });
    }
  }

  function guarded(action) {
    try {
      return action();
    } catch {
      return undefined;
    }
  }

  /** The launcher and the panel. The frame is made when it is first wanted. */
  class Ui {
    isOpen = false;
    unread = 0;
    waiting = [];

    constructor() {
      this.host = make("div", { id: "frontdesk" });
      const shadow = this.host.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(CSS);
      shadow.adoptedStyleSheets = [sheet];
      this.badge = make("span", { class: "badge", "aria-hidden": "true" });
      this.launcher = make("button", { class: "launcher", type: "button", "aria-expanded": "false" });
      this.launcher.append(drawing("M4.5 17.5V8A3.5 3.5 0 0 1 8 4.5h8A3.5 3.5 0 0 1 19.5 8v5a3.5 3.5 0 0 1-3.5 3.5H9l-4.5 3.5ZM8.5 10.5h.01M12 10.5h.01M15.5 10.5h.01"), drawing("m6 9.5 6 6 6-6"), this.badge);
      this.launcher.onclick = () => api.toggle();
      this.note = make("p", { role: "status" });
      this.panel = make("div", { class: "panel", role: "dialog" });
      this.panel.append(this.note);
      this.box = make("div");
      this.box.append(this.launcher, this.panel);
      this.box.addEventListener("keydown", (event) => event.key === "Escape" && api.close());
      shadow.append(this.box);
      document.body.append(this.host);
      this.dress();
    }

    dress() {
      const [open, shut, unread, connecting] = WORDS[language()] ?? WORDS.en;
      const { title = open, position, accent } = options;
      this.box.className = `${position} ${isDark() ? "dark" : ""} ${this.isOpen ? "open" : ""} ${this.port ? "ready" : ""}`;
      this.box.dir = language() === "ar" ? "rtl" : "ltr";
      this.box.lang = language();
      this.panel.ariaLabel = title;
      this.panel.ariaModal = this.isOpen && SMALL.matches ? "true" : null;
      this.launcher.ariaExpanded = String(this.isOpen);
      this.launcher.ariaLabel = this.isOpen ? shut : this.unread ? `${open} (${this.unread} ${unread})` : open;
      this.badge.textContent = this.unread > 99 ? "99+" : this.unread || "";
      this.note.textContent = connecting;
      this.host.style.setProperty("--accent", accent);
      this.host.style.setProperty("--ink", inkOn(accent));
    }

    change() {
      this.dress();
      if (this.frame) this.post("options", { options });
    }

    show(isOpen) {
      if (isOpen === this.isOpen) return;
      this.isOpen = isOpen;
      if (isOpen) this.wake();
      this.dress();
      this.fit();
      guarded(() => sessionStorage.setItem(`${saved.prefix}open`, isOpen ? "1" : ""));
      if (this.port) this.post(isOpen ? "open" : "shut");
      if (isOpen) this.frame.focus();
      else this.launcher.focus();
      emit(isOpen ? "open" : "close");
    }

    /** Full screen: nothing behind scrolls, and the panel ends where the keyboard begins. */
    fit() {
      const isModal = this.isOpen && SMALL.matches;
      document.documentElement.style.overflow = isModal ? "hidden" : "";
      const view = window.visualViewport;
      this.panel.style.setProperty("--height", `${view.height}px`);
      this.panel.style.setProperty("--top", `${view.offsetTop}px`);
    }

    wake() {
      if (!this.frame) this.load();
    }

    /** A fresh frame for each try: changing `src` would fill the back button. */
    load() {
      this.frame?.remove();
      this.frame = make("iframe", { title: this.panel.ariaLabel, referrerpolicy: "origin" });
      this.frame.onload = () => this.greet();
      this.frame.src = FRAME.href;
      this.panel.append(this.frame);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.load(), 10_000);
    }

    /** Two tabs that are both new must not become two visitors: one waits until the other has its token. */
    async greet() {
      this.port = null;
      if (!saved.values.visitor && navigator.locks) await new Promise((go) => this.queueUp(go));
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = ({ data }) => this.hear(port1, data);
      const start = { type: "frontdesk:init", options, saved: saved.values, isOpen: this.isOpen, isModal: SMALL.matches };
      this.frame.contentWindow.postMessage(start, FRAME.origin, [port2]);
    }

    queueUp(go) {
      navigator.locks.request(`${saved.prefix}visitor`, () => {
        saved.load();
        go();
        if (!saved.values.visitor) return new Promise((done) => ((this.gotVisitor = done), setTimeout(done, 5000)));
      });
    }

    hear(port, { type, key, value, name, detail, count }) {
      if (type === "ready") this.ready(port);
      if (type === "save") this.save(key, value);
      if (type === "close") api.close();
      if (type === "emit") emit(name, detail);
      if (type === "unread") this.count(count);
    }

    ready(port) {
      this.port = port;
      clearTimeout(this.timer);
      this.dress();
      this.post(this.isOpen ? "open" : "shut");
      emit("ready");
    }

    save(key, value) {
      saved.set(key, value);
      if (key === "visitor") this.gotVisitor?.();
    }

    count(count) {
      if (count === this.unread) return;
      this.unread = count;
      this.dress();
      emit("unread", count);
    }

    /** Kept until the frame is there. */
    post(type, data) {
      this.wake();
      this.waiting.push({ type, ...data });
      while (this.port && this.waiting.length) this.port.postMessage(this.waiting.shift());
    }

    remove() {
      clearTimeout(this.timer);
      this.isOpen = false;
      this.fit();
      this.host.remove();
    }
  }

  const api = {
    boot(settings = {}) {
      configure({ ...options, ...settings });
      if (ui) return ui.change();
      saved = new Saved(options.site);
      ui = new Ui();
      if (saved.values.visitor) ui.wake();
      if (!SMALL.matches && guarded(() => sessionStorage.getItem(`${saved.prefix}open`))) ui.show(true);
    },
    /** At logout: takes the widget away and forgets the visitor. */
    shutdown() {
      if (!ui) return;
      for (const key of Object.keys(saved.values)) saved.set(key, null);
      guarded(() => sessionStorage.removeItem(`${saved.prefix}open`));
      ui.remove();
      ui = null;
      delete options.identity;
    },
    open: () => ui?.show(true),
    close: () => ui?.show(false),
    toggle: () => ui?.show(!ui.isOpen),
    sendMessage: (text) => ui?.post("send", { text }),
    prefill: (text) => ui?.post("prefill", { text }),
    setLocale: (locale) => api.boot({ locale }),
    /** "light", "dark", "auto" or `{theme, accent}`. */
    setTheme: (theme) => api.boot(typeof theme === "string" ? { theme } : theme),
    on: (name, listener) => void (listeners[name] ??= new Set()).add(listener),
    off: (name, listener) => void listeners[name]?.delete(listener),
    /** Calls made before this script came: `(window.Frontdesk = window.Frontdesk || []).push(["open"])`. */
    push: ([name, ...values]) => api[name](...values),
  };

  function configure(settings) {
    options = { ...settings, accent: HEX.test(settings.accent) ? settings.accent : ACCENT };
    options.locale ||= document.documentElement.lang || navigator.language;
    if (typeof options.strings === "string") options.strings = guarded(() => JSON.parse(settings.strings)) ?? {};
  }

  function emit(name, detail) {
    for (const listener of listeners[name] ?? []) listener(detail);
  }

  function language() {
    return options.locale.slice(0, 2);
  }

  function isDark() {
    return options.theme === "dark" || (options.theme !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  }

  /** Black or white, whichever is readable on `#rrggbb` by WCAG 2 (relative luminance .183 is where both are). */
  function inkOn(accent) {
    const linear = (at) => ((parseInt(accent.slice(at, at + 2), 16) / 255 + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(1) + 0.7152 * linear(3) + 0.0722 * linear(5) > 0.179 ? "#000" : "#fff";
  }

  function make(tag, attributes = {}) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    return node;
  }

  function drawing(path) {
    const [svg, line] = ["svg", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
    svg.setAttribute("viewBox", "0 0 24 24");
    svg.setAttribute("aria-hidden", "true");
    line.setAttribute("d", path);
    svg.append(line);
    return svg;
  }

  window.addEventListener("storage", ({ key, newValue }) => {
    const name = ui && key && saved.read(key, newValue);
    if (ui?.frame && ["visitor", "read"].includes(name)) ui.post("saved", { key: name, value: saved.values[name] });
  });
  window.addEventListener("online", () => ui?.frame && !ui.port && ui.load());
  for (const event of ["resize", "scroll"]) window.visualViewport.addEventListener(event, () => ui?.fit());
  SMALL.addEventListener("change", () => {
    ui?.dress();
    ui?.fit();
    if (ui?.frame) ui.post("modal", { isModal: SMALL.matches });
  });

  window.Frontdesk = api;
  configure({ ...script.dataset });
  if (script.dataset.boot !== "manual") api.boot();
  if (Array.isArray(early)) early.forEach(api.push);
})();
