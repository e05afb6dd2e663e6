/**
 * Dispatches replies on connections that may also receive messages, confirmations and MONITOR lines.
 *
 * @module
 */
import { attributeReply, ReplyError } from "../errors.ts";
import { LazySet } from "../lazy_set.ts";
import { type Arg, DecodeMode, type Reply } from "../resp/types.ts";
import { ReplyDispatcher } from "./reply_dispatcher.ts";
import { Pending, rawCommand } from "./pending.ts";
import { stateName } from "./session.ts";
import { confirmationsOf, isConfirmation, Subscribed } from "./subscription_counts.ts";
import { rejectedByServer } from "./rejected_by_server.ts";

const MESSAGES: ReadonlySet<string> = new Set(["message", "pmessage", "smessage"]);
/** A line of MONITOR: seconds, and the database with the address. */
const LINE = /^\d+\.\d+ \[/;

/** Errors of a SUNSUBSCRIBE whose slot has moved; PING never has them. */
const ELSEWHERE = /^(MOVED|CLUSTERDOWN) /;

const utf8 = new TextDecoder();
const encoder = new TextEncoder();

/** The owner of a dispatcher, which receives its events. */
export interface SubscriberOwner {
  /** Receives push frames, including confirmations. */
  push(values: Reply[]): void;
  /** Receives NOAUTH errors of the server. */
  forgotten(error: ReplyError): void;
  /** Called while a large reply arrives, with its command. */
  large(pending: Pending): void;
}

/** A dispatcher that separates replies from messages in the form of replies. */
export class SubscriberDispatcher extends ReplyDispatcher {
  /** The number of subscriptions, as the server confirmed them. */
  readonly subscribed: Subscribed = new Subscribed();
  /** The number of ignored push messages: empty ones, and those without a name. */
  ignored = 0;
  /** Messages may arrive in the form of replies (RESP2 messages, MONITOR). */
  #receivesMessages = false;
  #streaming = false;
  /** The PINGs behind SUNSUBSCRIBE that have no reply yet. */
  readonly #fences: LazySet<Pending | undefined> = new LazySet();
  /** The number of waiting commands that frames confirm. */
  #confirming = 0;
  readonly #owner: SubscriberOwner;

  /** Reports to `owner`. */
  constructor(owner: SubscriberOwner) {
    super();
    this.#owner = owner;
  }

  /** Notes a command after which messages may arrive; under `resp2` they have the form of replies. */
  note(pending: Pending, name: string, args: readonly Arg[], resp2: boolean): void {
    if (name === "MONITOR") this.#streaming = this.#receivesMessages = true;
    const count = confirmationsOf(name, args);
    if (count === 0) return;
    pending.coldFields.confirmations = count;
    this.#confirming++;
    if (resp2) this.#receivesMessages = true;
  }

  /**
   * Returns a PING to send behind a SUNSUBSCRIBE. When a slot moves, the server ends the subscription by itself, with a
   * frame that looks like the confirmation, and then refuses the SUNSUBSCRIBE with MOVED. Without the PING, that error
   * would be taken for the reply of the next command.
   */
  fence({ timeout }: Pending): Pending {
    const passed = (): void => {
      this.#fences.delete(fence);
      this.#confirmed();
    };
    const fence = new Pending(rawCommand(["PING"]), DecodeMode.text, timeout, {
      resolved: passed,
      rejected: passed,
    });
    // Silence ends the connection.
    fence.deadline = Infinity;
    this.#fences.add(fence);
    this.#confirming++;
    return fence;
  }

  /** Takes back the note of a command that was dropped before it was sent. */
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
    // The server sends this error unasked and closes.
    const refusal = this.taken === 0 ? rejectedByServer(error) : undefined;
    if (refusal !== undefined) {
      this.refused = true;
      throw refusal;
    }
    const head = this.queue.peek();
    // The SUNSUBSCRIBE before the fence was confirmed by a frame that the server had sent by itself.
    if (this.#fences.has(head) && ELSEWHERE.test(error.message)) return;
    super.error(error);
    if (owed(head) > 0) this.#confirmed();
    // A script can return this code, too.
    if (error instanceof ReplyError && error.code === "NOAUTH" && error.executed === "no") {
      this.#owner.forgotten(error);
    }
  }

  /** @inheritdoc */
  protected override attribute(error: Error, spec: Pending["command"]["spec"]): void {
    attributeReply(error, spec);
  }

  /** @inheritdoc */
  protected override large(pending: Pending): void {
    this.#owner.large(pending);
  }

  /** @inheritdoc */
  override push(values: Reply[]): void {
    const kind = values[0];
    if (typeof kind !== "string") this.ignored++;
    else if (kind === "message" || kind === "pmessage" || !isConfirmation(kind)) this.#owner.push(values);
    else this.#confirm(values);
  }

  /** Whether arrays may be messages or confirmations (RESP2), which are read as bytes in any mode. */
  #listens(head: Pending | undefined): boolean {
    return this.subscribed.total > 0 || owed(head) > 0 || this.#fences.has(head);
  }

  /** Handles a message in the form of a reply; returns `false` for a reply. */
  #aside(value: Reply): boolean {
    if (!Array.isArray(value)) {
      if (typeof value !== "string" || !this.#streaming || !LINE.test(value)) return false;
      this.#owner.push(["monitor", value]);
      return true;
    }
    const head = this.queue.peek();
    if (!this.#listens(head)) return false;
    const kind = value[0] instanceof Uint8Array ? utf8.decode(value[0]) : value[0] as string;
    const confirms = isConfirmation(kind);
    if (!confirms && !MESSAGES.has(kind)) {
      // Subscribers receive PONG as an array.
      if (head !== undefined) value.forEach((head.mode & DecodeMode.bytes) === 0 ? toText : toBytes);
      return false;
    }
    value[0] = kind;
    if (confirms) this.#confirm(value);
    else this.#owner.push(value);
    return true;
  }

  /** Confirms the command at the head, unless the server unsubscribed by itself (a slot moved away). */
  #confirm(values: Reply[]): void {
    const kind = values[0] as string;
    this.subscribed.note(values);
    const head = this.queue.peek();
    const asked = owed(head) > 0 && confirms(head!, values);
    const last = asked && (--head!.coldFields.confirmations! === 0 ||
      (owed(head) === Infinity && this.subscribed.of(kind) === 0));
    // Listeners first: code that runs when the command settles relies on their state.
    this.#owner.push(values);
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

/** Returns the number of push frames that must still confirm a command. */
function owed(head: Pending | undefined): number {
  return head?.cold?.confirmations ?? 0;
}

/** Whether a frame confirms the command at the head. */
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
