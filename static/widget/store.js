/** What we hold of the conversation, by `seq`. The server numbers rows from 1 without gaps. */
export class Store {
  constructor() {
    this.reset();
  }

  reset() {
    this.messages = new Map();
    this.held = 0;
    this.newest = 0;
  }

  /** True if the message is new to us. `held` is the last seq with no hole before it. */
  add(message) {
    const isNew = !this.messages.has(message.seq);
    this.messages.set(message.seq, { ...this.messages.get(message.seq), ...message });
    while (this.messages.has(this.held + 1)) this.held += 1;
    this.see(message.seq);
    return isNew;
  }

  see(newest = 0) {
    this.newest = Math.max(this.newest, newest);
  }

  get isBehind() {
    return this.newest > this.held;
  }

  inOrder() {
    return [...this.messages.values()].sort((a, b) => a.seq - b.seq);
  }

  unreadAfter(seq) {
    return this.inOrder().filter((message) => message.seq > seq && ["bot", "staff"].includes(message.role)).length;
  }
}
