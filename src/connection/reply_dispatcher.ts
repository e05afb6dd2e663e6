/**
 * The way in of a connection: which reply is whose, and what is nobody's.
 *
 * @module
 */
import { attributeUnproven } from "../errors.ts";
import { ERROR } from "../resp/type_bytes.ts";
import { DecodeMode, type DecoderHandler, type Reply } from "../resp/types.ts";
import type { Pending } from "./pending.ts";
import { Ring } from "./ring.ts";
import { unsolicitedError, unsolicitedReply } from "./unsolicited_reply.ts";

/** Gives each reply to the command that waits for it, in order. */
export class ReplyDispatcher implements DecoderHandler {
  /** The commands that wait, the oldest first. */
  readonly queue: Ring<Pending> = new Ring();
  /** Frames are read so that they can become text or bytes. */
  readonly pushMode: number = DecodeMode.either;
  /** How many commands have had their reply. */
  taken = 0;
  /** Whether the server turned the connection away: it has read nothing. */
  refused = false;
  /** An error is being read that came while nobody waited. */
  #unsolicited = false;

  /** Whether the server may talk by itself in the form of replies; under RESP2 it then takes few commands. */
  get receivesMessages(): boolean {
    return false;
  }

  /** @inheritdoc */
  begin(type = 0): number {
    const head = this.queue.peek();
    if (head !== undefined) return head.mode;
    if (type !== ERROR) throw unsolicitedReply(type);
    // What it says is worth reading; a command that is queued until it has come whole has no part in it.
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
    // "ERR max number of clients reached" and its like come before anything was asked, then the end.
    const head = this.#unsolicited ? undefined : this.queue.shift();
    if (head === undefined) throw unsolicitedError(error);
    this.taken++;
    this.attribute(error, head.command.spec);
    head.fail(error);
  }

  /** Decides what an error reply says about the execution of its command. */
  protected attribute(error: Error, spec: Pending["command"]["spec"]): void {
    attributeUnproven(error, spec);
  }

  /** A push frame: of no interest to those who never subscribe. */
  push(_values: Reply[]): void {}
}
