/**
 * One connection of a scripted peer: bytes in, commands to the script, answers out, and where to cut.
 *
 * @module
 */
import type { MiniServer } from "./mini/server.ts";
import { type Answer, Many, type Received, Session } from "./mini/session.ts";
import type { Direction, PeerLink } from "./peer_link.ts";
import { encodeReply, ErrorReply, Raw, RespReader, type Wire } from "./resp.ts";

/** The position of a cut, in bytes from the start of the connection. */
export interface CutOptions {
  /** Cuts after this number of bytes from the client; complete commands in them are still executed. */
  readonly toPeer?: number;
  /** Cuts after this number of bytes to the client, which receives exactly these. */
  readonly toClient?: number;
  /** The kind of cut: closing like a server (default), with an error, or silently. */
  readonly how?: "close" | "reset" | "vanish";
}

/** The callbacks of a connection. */
export interface ConnectionHandlers {
  /** Returns the reply to a command. */
  readonly answer: (command: readonly string[]) => Answer | Promise<Answer>;
  /** The connection has ended. */
  readonly ended: () => void;
}

const text = new TextDecoder();

/** A connection to a scripted peer. */
export class PeerConnection {
  /** Counted from 1, over all connections of the peer. */
  readonly id: number;
  /** Protocol, database, name, user, subscriptions. */
  readonly session: Session;
  /** The commands that came on this connection. */
  readonly received: (readonly string[])[] = [];
  /** Bytes that came from the client. */
  bytesReceived = 0;
  /** Bytes that went to the client. */
  bytesSent = 0;
  /** Whether the connection has ended on either side. */
  closed = false;

  readonly #server: MiniServer;
  readonly #handlers: ConnectionHandlers;
  readonly #reader = new RespReader();
  readonly #queue: Received[] = [];
  #link: PeerLink | undefined;
  #current: Received | undefined;
  #busy = false;
  #cut: CutOptions = {};

  /** Made by the scripted peer. */
  constructor(id: number, server: MiniServer, handlers: ConnectionHandlers) {
    this.id = id;
    this.#server = server;
    this.#handlers = handlers;
    this.session = new Session(id, (value) => this.send(value));
    server.open(this.session);
  }

  /** The arguments of the command that is being answered, as the bytes that came. */
  get raw(): readonly Uint8Array[] {
    return this.#current?.raw ?? [];
  }

  /** Returns the default reply to the current command, or to another one. */
  serve(command?: readonly string[]): Answer | Promise<Answer> {
    const received = command === undefined
      ? this.#current
      : { words: command, raw: command.map((word) => new TextEncoder().encode(word)) };
    if (received === undefined) {
      throw new Error("serve() without a command can be called only while one is answered");
    }
    return this.#server.serve(received, this.session);
  }

  /** Sends data without a request: a push message, a late reply, garbage. */
  send(value: Wire): void {
    this.#write(encodeReply(value, this.session.protocol));
  }

  /** Cuts the connection at a byte, or immediately if it has passed that byte. */
  cutAfter(cut: CutOptions): void {
    this.#cut = cut;
    if (this.bytesReceived >= (cut.toPeer ?? Infinity) || this.bytesSent >= (cut.toClient ?? Infinity)) {
      this.#sever();
    }
  }

  /** Closes like a server, after the sent data. */
  close(): void {
    this.#end((link) => link.close());
  }

  /** Ends with an error for the client, after the sent data. */
  reset(): void {
    this.#end((link) => link.reset());
  }

  /** Goes away without telling the client. */
  vanish(): void {
    this.#end((link) => link.vanish());
  }

  /** Stops bytes in one direction, or in both. */
  freeze(direction?: Direction): void {
    this.#link?.freeze(direction);
  }

  /** Resumes the direction. */
  thaw(direction?: Direction): void {
    this.#link?.thaw(direction);
  }

  /** The link to send by; called once, by the peer. */
  use(link: PeerLink): void {
    this.#link = link;
  }

  /** Bytes came; called by the link. */
  take(chunk: Uint8Array): void {
    if (this.closed) return;
    const most = (this.#cut.toPeer ?? Infinity) - this.bytesReceived;
    const taken = chunk.subarray(0, Math.min(chunk.length, most));
    this.bytesReceived += taken.length;
    this.#parse(taken);
    this.#work();
    if (taken.length >= most) this.#sever();
  }

  /** The connection is over; called by the link. */
  ended(): void {
    if (this.closed) return;
    this.closed = true;
    this.#queue.length = 0;
    this.#server.close(this.session);
    this.#handlers.ended();
  }

  #parse(chunk: Uint8Array): void {
    try {
      for (const value of this.#reader.read(chunk)) {
        if (!Array.isArray(value) || value.length === 0) {
          throw new Error("a command is an array of bulk strings");
        }
        const raw = value as readonly Uint8Array[];
        const words = raw.map((word) => text.decode(word));
        words[0] = words[0]!.toUpperCase();
        this.#queue.push({ words, raw });
      }
    } catch (error) {
      this.send(new ErrorReply(`ERR Protocol error: ${(error as Error).message}`));
      this.close();
    }
  }

  #work(): void {
    while (!this.#busy && !this.closed) {
      const received = this.#queue.shift();
      if (received === undefined) return;
      this.received.push(received.words);
      this.#current = received;
      const answer = this.#handlers.answer(received.words);
      this.#current = undefined;
      if (answer instanceof Promise) {
        this.#busy = true;
        answer.then((late) => {
          this.#busy = false;
          this.#say(received, late);
          this.#work();
        });
      } else this.#say(received, answer);
    }
  }

  #say(received: Received, answer: Answer): void {
    if (this.closed || answer === undefined) return;
    for (const value of answer instanceof Many ? answer.values : [answer]) this.send(value);
    if (received.words[0] === "QUIT" && !(answer instanceof Raw)) this.close();
  }

  #write(bytes: Uint8Array): void {
    if (this.closed) return;
    const most = (this.#cut.toClient ?? Infinity) - this.bytesSent;
    const sent = bytes.slice(0, Math.min(bytes.length, most));
    this.bytesSent += sent.length;
    if (sent.length > 0) this.#link?.write(sent);
    if (sent.length >= most) this.#sever();
  }

  #sever(): void {
    this[this.#cut.how ?? "close"]();
  }

  #end(how: (link: PeerLink) => void): void {
    if (this.closed) return;
    if (this.#link !== undefined) how(this.#link);
    this.ended();
  }
}
