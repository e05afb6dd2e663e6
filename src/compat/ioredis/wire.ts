/**
 * One connection of a client: commands go out in order, and each reply goes to the command that it belongs to.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { systemClock } from "../../clock.ts";
import { addressOf } from "../../connection/failures.ts";
import { ReplyDispatcher } from "../../connection/reply_dispatcher.ts";
import type { Link } from "../../connection/link.ts";
import { openLink } from "../../connection/open_link.ts";
import { Pending } from "../../connection/pending.ts";
import type { Reply } from "../../resp/types.ts";
import type { Endpoint, KeepAliveOptions, Transport } from "../../transport.ts";
import type { Command } from "./command.ts";
import { decodeMode } from "./reply.ts";

/** A command that was sent, with the database that was selected, and the pipeline that sent it. */
export interface CommandItem {
  /** The command. */
  readonly command: Command;
  /** Marks commands of a pipeline. */
  readonly stream: unknown;
  /** The database. */
  readonly select: number | undefined;
  /** Whether it may have run on a connection that was lost. */
  executed?: "no" | "unknown" | undefined;
}

/** Receives the events of a connection. */
export interface WireOwner {
  /** Messages may come in the form of replies. */
  readonly subscribed: boolean;
  /** Lines of MONITOR come in the form of replies. */
  readonly monitoring: boolean;
  /** A reply has come for the oldest command, or for none. */
  reply(item: Sent | undefined, reply: Reply, wire: Wire): void;
  /** An error has come for it. */
  replyError(item: Sent | undefined, error: Error): void;
  /** A push frame has come. */
  push(frame: Reply[], wire: Wire): void;
  /** The connection has ended. `lost` are the commands without a reply, the oldest first. */
  ended(cause: Error, lost: CommandItem[], wire: Wire): void;
}

/** The options of a connection. */
export interface WireOptions {
  /** The address. */
  readonly endpoint: Endpoint;
  /** The transport. */
  readonly transport: Transport | undefined;
  /** TCP_NODELAY. */
  readonly noDelay: boolean;
  /** TCP keepalive. */
  readonly keepAlive: boolean | KeepAliveOptions;
  /** The family of addresses to which a host name is resolved. */
  readonly family: 4 | 6 | undefined;
  /** Milliseconds of silence that end the connection; 0 is no limit. */
  readonly socketTimeout: number;
}

/** A command on its way. */
export class Sent extends Pending implements CommandItem {
  declare command: Command;
  /** Marks commands of a pipeline. */
  readonly stream: unknown;
  /** The database. */
  readonly select: number | undefined;
  /** Whether it may have run on a connection that was lost. */
  executed: "no" | "unknown" | undefined;
  /** The number of outstanding confirmations. */
  left: number;
  readonly #wire: Wire;

  /** Makes ready to send a command. */
  constructor(command: Command, stream: unknown, select: number | undefined, wire: Wire) {
    super(command, command.decodeMode, 0);
    this.stream = stream;
    this.select = select;
    this.executed = undefined;
    this.left = -1;
    this.#wire = wire;
  }

  override keepArguments(): void {
    const { command } = this;
    command.args = command.args.map((arg) => arg instanceof Uint8Array ? Buffer.from(arg) : arg);
  }

  override resolve(reply: Reply): void {
    this.command.reply(reply);
  }

  override fail(error: Error): void {
    this.#wire.lost(this, error);
  }

  override reject(error: unknown): void {
    this.done = true;
    this.command.reject(error);
  }
}

/** Assigns replies to commands. */
class WireDispatcher extends ReplyDispatcher {
  readonly #wire: Wire;
  readonly #owner: WireOwner;

  constructor(wire: Wire, owner: WireOwner) {
    super();
    this.#wire = wire;
    this.#owner = owner;
  }

  override get receivesMessages(): boolean {
    return this.#owner.subscribed || this.#owner.monitoring;
  }

  override begin(): number {
    // Data that may be a message is read as bytes, and converted if it is a reply.
    if (this.#owner.subscribed) return decodeMode(false, "legacy");
    return this.queue.peek()?.mode ?? decodeMode(true, "legacy");
  }

  override reply(value: Reply): void {
    this.#owner.reply(this.queue.peek() as Sent | undefined, value, this.#wire);
  }

  override error(error: Error): void {
    const sent = this.queue.shift() as Sent | undefined;
    this.taken++;
    this.#owner.replyError(sent, error);
  }

  override push(frame: Reply[]): void {
    this.#owner.push(frame, this.#wire);
  }
}

/** An open connection. */
export class Wire {
  #link: Link | undefined = undefined;
  #lost: CommandItem[] = [];
  #ended = false;
  #writable = true;
  readonly #replies: WireDispatcher;
  readonly #owner: WireOwner;

  private constructor(owner: WireOwner) {
    this.#owner = owner;
    this.#replies = new WireDispatcher(this, owner);
  }

  /** Opens a connection. */
  static async open(options: WireOptions, owner: WireOwner, signal: AbortSignal): Promise<Wire> {
    const wire = new Wire(owner);
    const { endpoint, transport, noDelay, keepAlive, family, socketTimeout } = options;
    const limits = { maxCommands: Infinity, maxBytes: Infinity } as const;
    wire.#link = await openLink(
      {
        endpoint,
        transport: transport!,
        noDelay,
        keepAlive,
        ...family && { family },
        socketTimeout,
        commandTimeout: 0,
        readBufferSize: 65_536,
        clock: systemClock,
        sendQueue: limits,
        parser: undefined,
        limits: {},
      },
      {
        address: addressOf(endpoint),
        dispatcher: wire.#replies,
        lost: (cause) => wire.#end(cause),
        idle: () => {},
      },
      signal,
    );
    return wire;
  }

  /** The number of commands that wait for a reply. */
  get pending(): number {
    return this.#link?.pending ?? 0;
  }

  /** Whether commands can be sent. */
  get writable(): boolean {
    return this.#writable && !this.#ended;
  }

  /** Sends a command. */
  send(command: Command, stream: unknown, select: number | undefined): void {
    try {
      this.#link!.enqueue(new Sent(command, stream, select, this));
    } catch (error) {
      command.reject(error);
      if (!(error instanceof TypeError)) this.destroy(error as Error);
    }
  }

  /** Takes the oldest command out, as it has its reply. */
  shift(): Sent | undefined {
    this.#replies.taken++;
    return this.#replies.queue.shift() as Sent | undefined;
  }

  /** Returns the oldest command. */
  peek(): Sent | undefined {
    return this.#replies.queue.peek() as Sent | undefined;
  }

  /** Rejects the commands that wait with an error; their replies are dropped. */
  flush(error: Error): void {
    this.#link?.forEachPending((pending) => {
      if (!pending.done) pending.reject(error);
    });
  }

  /** Takes a command that was on its way when the connection ended. */
  lost(sent: Sent, error: Error): void {
    if (sent.done) return;
    const { executed } = error as { executed?: "no" | "unknown" };
    sent.executed = executed === "no" ? "no" : "unknown";
    this.#lost.push(sent);
  }

  /** Ends the sending half; replies still come. Cuts after `timeout` milliseconds. */
  end(timeout: number): void {
    if (!this.writable) return;
    this.#writable = false;
    const timer = setTimeout(() => this.destroy(new Error("The server did not close")), timeout);
    this.#onEnd = () => clearTimeout(timer);
    this.#link!.closeWrite();
  }

  /** Ends now. */
  destroy(cause: Error): void {
    this.#end(cause);
  }

  #onEnd: () => void = () => {};

  #end(cause: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    this.#link?.destroy(cause);
    const lost = this.#lost;
    this.#lost = [];
    this.#owner.ended(cause, lost, this);
  }
}
