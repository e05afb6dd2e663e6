/**
 * Matches replies with the commands that wait for them.
 *
 * @module
 */
import { attributeUnproven } from "../errors.ts";
import { ERROR } from "../resp/type_bytes.ts";
import { DecodeMode, type DecoderHandler, type Reply } from "../resp/types.ts";
import type { Pending } from "./pending.ts";
import { Ring } from "./ring.ts";
import { unsolicitedError, unsolicitedReply } from "./unsolicited_reply.ts";

/** The bytes from which a reply is large. */
export const LARGE = 131_072;

/** Settles the waiting commands with their replies, in order. */
export class ReplyDispatcher implements DecoderHandler {
  /** The waiting commands, oldest first. */
  readonly queue: Ring<Pending> = new Ring();
  /** The mode for push frames, which can become text or bytes later. */
  readonly pushMode: number = DecodeMode.either;
  /** The number of commands that have received their reply. */
  taken = 0;
  /** The bytes received since the last complete reply. */
  unfinished = 0;
  /** Whether the server rejected the connection before it read a command. */
  refused = false;
  /** The parser reads an error that arrived while no command waited. */
  #unsolicited = false;

  /** Whether messages may arrive in the form of replies. Under RESP2 the server then accepts few commands. */
  get receivesMessages(): boolean {
    return false;
  }

  /** @inheritdoc */
  begin(type = 0): number {
    const head = this.queue.peek();
    if (head !== undefined) return head.mode;
    if (type !== ERROR) throw unsolicitedReply(type);
    // The text is needed for the message. A command queued before the end of the error does not own it.
    this.#unsolicited = true;
    return DecodeMode.text;
  }

  /** @inheritdoc */
  reply(value: Reply): void {
    const head = this.queue.shift();
    if (head === undefined) throw unsolicitedReply(0);
    this.taken++;
    head.resolve(value);
  }

  /** @inheritdoc */
  error(error: Error): void {
    // "ERR max number of clients reached" and similar errors arrive before any command, then the server closes.
    const head = this.#unsolicited ? undefined : this.queue.shift();
    if (head === undefined) throw unsolicitedError(error);
    this.taken++;
    this.attribute(error, head.command.spec);
    head.fail(error);
  }

  /** Sets `executed` of an error reply, by the command. */
  protected attribute(error: Error, spec: Pending["command"]["spec"]): void {
    attributeUnproven(error, spec);
  }

  /** Reports that a large reply arrives. Push messages are no reply; `partial`: a reply has begun. */
  reportLarge(partial: boolean): void {
    const head = this.queue.peek();
    this.unfinished = 0;
    if (head === undefined || !partial) return;
    // Once for each reply.
    this.unfinished = -Infinity;
    this.large(head);
  }

  /** Called once while a large reply arrives, with its command. */
  protected large(_pending: Pending): void {}

  /** Ignores push frames. */
  push(_values: Reply[]): void {}
}
