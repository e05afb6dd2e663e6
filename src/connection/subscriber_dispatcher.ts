/**
 * The way in of a connection on which the server may talk by itself: messages, confirmations, MONITOR.
 *
 * @module
 */
import { attributeReply, ReplyError } from "../errors.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import { ReplyDispatcher } from "./reply_dispatcher.ts";
import type { Pending } from "./pending.ts";
import { stateName } from "./session.ts";
import { confirmationsOf, isConfirmation, Subscribed } from "./subscribed.ts";
import { rejectedByServer } from "./rejected_by_server.ts";

const MESSAGES: ReadonlySet<string> = new Set(["message", "pmessage", "smessage"]);
/** A line of MONITOR: seconds, and the database with the address. */
const LINE = /^\d+\.\d+ \[/;

const utf8 = new TextDecoder();
const encoder = new TextEncoder();

/** A dispatcher that keeps apart what is a reply and what only has the form of one. */
export class SubscriberDispatcher extends ReplyDispatcher {
  /** What the server says that the connection is subscribed to. */
  readonly subscribed: Subscribed = new Subscribed();
  /** Push frames that were ignored: they were empty, or did not begin with a name. */
  ignored = 0;
  /** Replies need a look: the server may talk by itself in the form of replies (RESP2 messages, MONITOR). */
  #receivesMessages = false;
  #streaming = false;
  /** Commands on their way that are confirmed by frames. */
  #confirming = 0;
  readonly #push: (values: Reply[]) => void;
  readonly #forgotten: (error: ReplyError) => void;

  /** `push` gets the push frames, confirmations included; `forgotten` an error that says that nobody is logged in. */
  constructor(push: (values: Reply[]) => void, forgotten: (error: ReplyError) => void) {
    super();
    this.#push = push;
    this.#forgotten = forgotten;
  }

  /** A command is on its way after which the server may say more than replies; under `resp2` in their form. */
  note(pending: Pending, name: string, args: readonly Arg[], resp2: boolean): void {
    if (name === "MONITOR") this.#streaming = this.#receivesMessages = true;
    const count = confirmationsOf(name, args);
    if (count === 0) return;
    pending.coldFields.confirmations = count;
    this.#confirming++;
    if (resp2) this.#receivesMessages = true;
  }

  /** A command that was noted has not been sent after all. */
  unnote(pending: Pending): void {
    if (owed(pending) > 0) this.#confirmed();
  }

  /** @inheritdoc */
  override get receivesMessages(): boolean {
    return this.#receivesMessages;
  }

  /** @inheritdoc */
  override begin(type = 0): number {
    if (this.#receivesMessages) {
      const head = this.queue.peek();
      if (this.#listens(head)) return DecodeMode.either;
      if (head === undefined && this.#streaming) return DecodeMode.replace;
    }
    return super.begin(type);
  }

  /** @inheritdoc */
  override reply(value: Reply): void {
    if (this.#receivesMessages && this.#aside(value)) return;
    super.reply(value);
  }

  /** @inheritdoc */
  override error(error: Error): void {
    // It comes whether anything was asked or not, then the end.
    const refusal = this.taken === 0 ? rejectedByServer(error) : undefined;
    if (refusal !== undefined) {
      this.refused = true;
      throw refusal;
    }
    const head = this.queue.peek();
    super.error(error);
    if (owed(head) > 0) this.#confirmed();
    // A script may return the code, too.
    if (error instanceof ReplyError && error.code === "NOAUTH" && error.executed === "no") {
      this.#forgotten(error);
    }
  }

  /** @inheritdoc */
  protected override attribute(error: Error, spec: Pending["command"]["spec"]): void {
    attributeReply(error, spec);
  }

  /** @inheritdoc */
  override push(values: Reply[]): void {
    const kind = values[0];
    if (typeof kind !== "string") this.ignored++;
    else if (kind === "message" || kind === "pmessage" || !isConfirmation(kind)) this.#push(values);
    else this.#confirm(values);
  }

  /** Under RESP2 arrays may be messages and confirmations; those are bytes, whatever the mode of a reply is. */
  #listens(head: Pending | undefined): boolean {
    return this.subscribed.total > 0 || (owed(head) > 0);
  }

  /** Takes what is no reply although it has the form of one. */
  #aside(value: Reply): boolean {
    if (!Array.isArray(value)) {
      if (typeof value !== "string" || !this.#streaming || !LINE.test(value)) return false;
      this.#push(["monitor", value]);
      return true;
    }
    const head = this.queue.peek();
    if (!this.#listens(head)) return false;
    const kind = value[0] instanceof Uint8Array ? utf8.decode(value[0]) : value[0] as string;
    const confirms = isConfirmation(kind);
    if (!confirms && !MESSAGES.has(kind)) {
      // PONG comes as an array to subscribers.
      if (head !== undefined) value.forEach((head.mode & DecodeMode.bytes) === 0 ? toText : toBytes);
      return false;
    }
    value[0] = kind;
    if (confirms) this.#confirm(value);
    else this.#push(value);
    return true;
  }

  /** A frame confirms the command at the head, unless the server unsubscribed us by itself (a slot moved away). */
  #confirm(values: Reply[]): void {
    const kind = values[0] as string;
    this.subscribed.note(values);
    const head = this.queue.peek();
    const asked = owed(head) > 0 && confirms(head!, values);
    const last = asked && (--head!.coldFields.confirmations! === 0 ||
      (owed(head) === Infinity && this.subscribed.of(kind) === 0));
    // Listeners first: what the command's end leads to must find them knowing what the frame says.
    this.#push(values);
    if (!last) return;
    this.taken++;
    this.queue.shift();
    this.#confirmed();
    head!.resolve(values);
  }

  #confirmed(): void {
    this.#confirming--;
    if (this.#confirming === 0 && this.subscribed.total === 0) this.#receivesMessages = this.#streaming;
  }
}

/** How many push frames are still to confirm a command. */
function owed(head: Pending | undefined): number {
  return head?.cold?.confirmations ?? 0;
}

/** Whether the command at the head is the one that a frame confirms. */
function confirms(head: Pending, values: readonly Reply[]): boolean {
  const { spec, args } = head.command;
  const raw = spec.words === 0;
  const kind = values[0];
  if ((raw ? stateName(args) : spec.name).toLowerCase() !== kind) return false;
  if (kind !== "sunsubscribe" || owed(head) === Infinity) return true;
  const expected = args[args.length - owed(head)]!;
  const text = expected instanceof Uint8Array ? utf8.decode(expected) : String(expected);
  const name = values[1];
  return (name instanceof Uint8Array ? utf8.decode(name) : name) === text;
}

function toBytes(value: Reply, index: number, values: Reply[]): void {
  if (typeof value === "string") values[index] = encoder.encode(value);
}

function toText(value: Reply, index: number, values: Reply[]): void {
  if (value instanceof Uint8Array) values[index] = utf8.decode(value);
}
