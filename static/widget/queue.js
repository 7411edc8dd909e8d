const KEY = "queue:";

/**
 * Messages on their way out, oldest first. Each is saved under its client id until the server has it, so
 * after a reload it is sent again with the same id, and the server takes it once.
 */
export class Queue {
  constructor(saved) {
    this.saved = saved;
    this.items = saved.under(KEY).sort((a, b) => a.at - b.at);
  }

  add(text, payload) {
    const at = Math.max(Date.now(), (this.items.at(-1)?.at ?? 0) + 1);
    const item = { id: uuid(), text, payload, at };
    this.items.push(item);
    this.#save(item);
    return item;
  }

  next() {
    return this.items.find((item) => !item.failed);
  }

  find(id) {
    return this.items.find((item) => item.id === id);
  }

  fail(item, code) {
    item.failed = code;
    this.#save(item);
  }

  retry(item) {
    delete item.failed;
    this.#save(item);
  }

  remove(id) {
    this.items = this.items.filter((item) => item.id !== id);
    this.saved.set(KEY + id, null);
  }

  clear() {
    for (const { id } of this.items) this.remove(id);
  }

  #save(item) {
    this.saved.set(KEY + item.id, item);
  }
}

/** Version 4. `crypto.randomUUID` exists on HTTPS pages only. */
export function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}
