/**
 * The server's end of a connection: bytes in, commands, bytes out.
 *
 * @module
 */
import { runSoon } from "../clock.ts";
import { disconnect } from "./disconnect.ts";
import { execute } from "./dispatch.ts";
import { takeHeld } from "./pause.ts";
import { err, type ReplyValue } from "./reply.ts";
import { ReplyWriter } from "./reply_writer.ts";
import { RequestError, RequestParser } from "./request_parser.ts";
import type { ServerState, Session } from "./state.ts";
import type { Link } from "./link.ts";

/** The transport of the bytes. */
export interface Wire {
  /** The address of the client. */
  readonly address: string;
  /** The address of the server. */
  readonly localAddress: string;
  /** Sends bytes, which are valid during the call only. */
  send(bytes: Uint8Array): void;
  /** Ends the connection after buffered data was sent, or at once with `now`. */
  close(now: boolean): void;
}

/** Bytes that wait are sent before they are more than this. */
const MUCH = 65_536;

/** One client, from its bytes to its session and back. */
export class Connection implements Link {
  /** The client. */
  readonly session: Session;
  readonly #wire: Wire;
  readonly #parser: RequestParser = new RequestParser();
  readonly #writer: ReplyWriter = new ReplyWriter();
  readonly #server: ServerState;
  #running = false;
  #scheduled = false;
  #ended = false;

  /** Greets a client. */
  constructor(server: ServerState, wire: Wire) {
    this.#server = server;
    this.#wire = wire;
    server.now = server.time.now();
    this.session = server.open(this);
  }

  /** The address of the client. */
  get address(): string {
    return this.#wire.address;
  }

  /** The address of the server. */
  get localAddress(): string {
    return this.#wire.localAddress;
  }

  /** The number of unsent bytes. */
  get pending(): number {
    return this.#writer.length;
  }

  /** Bytes have come, valid during the call only. */
  receive(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#server.stats.input += bytes.length;
    const hook = this.#server.hooks.bytesIn;
    const now = hook === undefined ? bytes : hook(this.session, bytes, (later) => this.#read(later));
    if (now !== undefined) this.#read(now);
  }

  #read(bytes: Uint8Array): void {
    if (this.#ended) return;
    this.#parser.push(bytes);
    if (!this.#running && this.session.blocked === undefined) this.#takeTurn();
    this.#parser.keep();
  }

  /** Continues with the waiting requests. */
  resume(): void {
    if (this.#ended || this.#running) return;
    this.#takeTurn();
    this.#parser.keep();
  }

  #takeTurn(): void {
    this.#server.blocking.inTurn(() => this.#run());
  }

  /** Does all requests that are there. */
  #run(): void {
    const { session } = this;
    const parser = this.#parser;
    this.#running = true;
    try {
      const held = takeHeld(session);
      if (held !== undefined && !execute(session, held)) return;
      parser.maxBulk = this.#server.config.number("proto-max-bulk-len");
      while (!this.#ended && !session.closing && session.blocked === undefined) {
        parser.guarded = !session.authenticated;
        const args = parser.next();
        if (args === undefined) break;
        if (args.length === 0) continue;
        if (!execute(session, args)) break;
        if (this.#writer.length > MUCH) this.#flushNow();
      }
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.#writer.write(err(error.text), 2);
      this.close();
    } finally {
      this.#running = false;
      if (this.#writer.length > 0) this.#flushNow();
    }
  }

  /** Adds a reply to what will be sent. */
  write(value: ReplyValue): void {
    if (!this.#ended) this.#writer.write(value, this.session.protocol);
  }

  /** Removes output after that length. */
  cut(length: number): void {
    this.#writer.cut(length);
  }

  /** Sends buffered output: after the current requests, or soon. */
  flush(): void {
    if (this.#running || this.#scheduled || this.#ended) return;
    this.#scheduled = true;
    runSoon(() => {
      this.#scheduled = false;
      if (!this.#ended && !this.#running) this.#flushNow();
    });
  }

  #flushNow(): void {
    if (this.#writer.length === 0) return;
    this.#transmit(this.#writer.take());
  }

  #transmit(bytes: Uint8Array): void {
    const { hooks, stats } = this.#server;
    stats.output += bytes.length;
    const now = hooks.bytesOut === undefined
      ? bytes
      : hooks.bytesOut(this.session, bytes, (later) => this.#ended || this.#wire.send(later));
    if (now !== undefined && now.length > 0) this.#wire.send(now);
  }

  /** Sends buffered output, then ends the connection; `now` discards the output. */
  close(now: boolean = false): void {
    if (this.#ended) return;
    if (!now) this.#flushNow();
    this.ended();
    this.#wire.close(now);
  }

  /** Called when the connection has ended on either side. */
  ended(): void {
    if (this.#ended) return;
    this.#ended = true;
    disconnect(this.session);
  }
}
