/**
 * The way in of a connection: which reply is whose, and what is nobody's.
 *
 * @module
 */
import { ERROR } from "../resp/type_bytes.ts";
import { DecodeMode, type DecoderHandler, type Reply } from "../resp/types.ts";
import type { Pending } from "./pending.ts";
import { Ring } from "./ring.ts";
import { unaskedError, unaskedReply } from "./unasked.ts";

/** Frames that confirm a SUBSCRIBE or its like; under RESP2 they and messages are arrays. */
const CONFIRMATIONS: ReadonlySet<string> = new Set([
  "subscribe",
  "psubscribe",
  "ssubscribe",
  "unsubscribe",
  "punsubscribe",
  "sunsubscribe",
]);
const MESSAGES: ReadonlySet<string> = new Set(["message", "pmessage", "smessage"]);

const utf8 = new TextDecoder();

/** Gives each reply to the command that waits for it, in order, and keeps push frames apart. */
export class Inbox implements DecoderHandler {
  /** The commands that wait, the oldest first. */
  readonly queue: Ring<Pending> = new Ring();
  /** How many commands have had their reply. */
  taken = 0;
  /** RESP2 only: the server sends pub/sub messages as plain arrays, as one has subscribed. */
  subscribed = false;
  /** Every reply is handed to the listener instead (MONITOR, where the server talks by itself). */
  streaming = false;
  /** An error is being read that came while nobody waited. */
  #unasked = false;
  readonly #push: (values: Reply[]) => void;

  /** `push` gets the push frames, confirmations included. */
  constructor(push: (values: Reply[]) => void) {
    this.#push = push;
  }

  /** @inheritdoc */
  begin(type = 0): number {
    const head = this.queue.peek();
    // Messages between replies are bytes for whoever they are for, whatever the reply's own mode is.
    if (this.subscribed) return DecodeMode.bytes;
    if (head !== undefined) return head.mode;
    if (this.streaming) return DecodeMode.text;
    if (type !== ERROR) throw unaskedReply(type);
    // What it says is worth reading; a command that is queued until it has come whole has no part in it.
    this.#unasked = true;
    return DecodeMode.text;
  }

  /** @inheritdoc */
  reply(value: Reply): void {
    if (this.subscribed && Array.isArray(value)) {
      const kind = value[0];
      const word = kind instanceof Uint8Array ? utf8.decode(kind) : kind;
      if (typeof word === "string" && (CONFIRMATIONS.has(word) || MESSAGES.has(word))) {
        value[0] = word;
        this.push(value);
        return;
      }
    }
    if (this.queue.length === 0) {
      if (this.streaming) return this.#push(["monitor", value]);
      throw unaskedReply(0);
    }
    this.taken++;
    this.queue.shift()!.resolve(value);
  }

  /** @inheritdoc */
  error(error: Error): void {
    // "ERR max number of clients reached" and its like come before anything was asked, then the end.
    const head = this.#unasked ? undefined : this.queue.shift();
    if (head === undefined) throw unaskedError(error);
    this.taken++;
    head.fail(error);
  }

  /** @inheritdoc */
  push(values: Reply[]): void {
    const kind = values[0];
    const head = this.queue.peek();
    // A confirmation is the reply of the command at the head, unless the server unsubscribed us by itself.
    if (head !== undefined && head.confirmations > 0 && CONFIRMATIONS.has(kind as string)) {
      if (--head.confirmations === 0) {
        this.taken++;
        this.queue.shift();
        head.resolve(values);
      }
    }
    this.#push(values);
  }
}
