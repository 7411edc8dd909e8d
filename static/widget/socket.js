const PING_AFTER = 20_000;
const DEAD_AFTER = 8_000;
const LONGEST_WAIT = 30_000;

/**
 * A websocket that comes back. A silent one is pinged after 20 s and given up 8 s later; a lost one is
 * tried again after 1-30 s with full jitter, and at once when the network or the page comes back.
 */
export class Socket {
  #socket = null;
  #timers = {};
  #attempts = 0;
  #wanted = false;

  /** `on`: `open()`, `frame(parsed)`, `lost()`. */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    for (const name of ["online", "pageshow"]) window.addEventListener(name, () => this.wake());
    window.addEventListener("offline", () => this.drop());
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
  }

  get isWanted() {
    return this.#wanted;
  }

  start() {
    this.#wanted = true;
    if (!this.#socket) this.#connect();
  }

  stop() {
    this.#wanted = false;
    this.drop();
    this.#clearTimers();
  }

  /** True if it went out: not that it arrived. */
  send(data) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(data));
    return true;
  }

  /** Someone is here: make sure now that the line is alive. */
  wake() {
    if (!this.#wanted) return;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#ping();
    else if (!this.#socket) this.#connect();
  }

  drop() {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#lost();
  }

  #connect() {
    clearTimeout(this.#timers.retry);
    const socket = (this.#socket = new WebSocket(this.url));
    socket.onopen = () => this.on.open();
    socket.onmessage = ({ data }) => this.#heard(data);
    socket.onclose = () => this.drop();
    this.#giveUpUnlessHeard();
  }

  #heard(data) {
    this.#attempts = 0;
    clearTimeout(this.#timers.dead);
    clearTimeout(this.#timers.ping);
    this.#timers.ping = setTimeout(() => this.#ping(), PING_AFTER);
    this.on.frame(JSON.parse(data));
  }

  #ping() {
    this.send({ type: "ping" });
    this.#giveUpUnlessHeard();
  }

  #giveUpUnlessHeard() {
    clearTimeout(this.#timers.dead);
    this.#timers.dead = setTimeout(() => this.drop(), DEAD_AFTER);
  }

  #lost() {
    this.#clearTimers();
    this.on.lost();
    if (!this.#wanted) return;
    const longest = Math.min(LONGEST_WAIT, 1000 * 2 ** this.#attempts++);
    this.#timers.retry = setTimeout(() => this.#connect(), Math.random() * longest);
  }

  #clearTimers() {
    Object.values(this.#timers).forEach(clearTimeout);
  }
}
