/**
 * A server that keeps numbers, tracks who has read them, and says what it has to say when the test lets it: replies and
 * invalidations wait in one queue for each connection, in order. Keys that expire are removed without a word.
 *
 * @module
 */
import type { Clock } from "../../src/clock.ts";
import type { Transport } from "../../src/transport.ts";
import type { PeerConnection } from "../harness/peer_connection.ts";
import { ErrorReply, Push, type Wire } from "../harness/resp.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";

interface Session {
  readonly connection: PeerConnection;
  readonly out: Wire[];
  tracking: boolean;
  multi: (readonly string[])[] | undefined;
}

/** The last value of a key, stored by a write with a unique number. */
export interface Stored {
  readonly order: number;
  readonly expires: number;
}

/** The server; each write stores the next number, which replaces what its arguments say. */
export class TrackingServer {
  /** The value that each write stored, by the write's name. */
  readonly written: Map<string, Stored> = new Map();
  /** The value of each number. */
  readonly history: Map<number, Stored> = new Map();
  readonly #clock: Clock;
  readonly #peer: ScriptedPeer;
  readonly #sessions: Map<PeerConnection, Session> = new Map();
  readonly #data: Map<string, Stored> = new Map();
  readonly #readers: Map<string, Set<Session>> = new Map();
  readonly #blocked: { readonly session: Session; readonly key: string; readonly write: string }[] = [];
  #order = 0;

  /** Empty. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#peer = new ScriptedPeer({
      clock,
      script: (command, connection) => {
        if (command[0] === "HELLO" || command[0] === "PING") return connection.serve();
        const session = this.#session(connection);
        const reply = this.#take(command, session);
        if (reply === undefined) return undefined;
        session.out.push(reply.value);
        for (const key of reply.changed) this.#invalidate(key);
        return undefined;
      },
    });
  }

  /** A transport to it. */
  transport(chunkSize: number): Transport {
    return this.#peer.transport({ chunkSize });
  }

  /** Connections that have something to say. */
  get speaking(): number {
    return [...this.#sessions.values()].filter((session) =>
      !session.connection.closed && session.out.length > 0
    )
      .length;
  }

  /** Lets one of those that have something to say do so. */
  deliver(which: number, count: number): void {
    const speaking = [...this.#sessions.values()].filter((one) =>
      !one.connection.closed && one.out.length > 0
    );
    const session = speaking[which % speaking.length];
    for (const value of session?.out.splice(0, count) ?? []) session!.connection.send(value);
  }

  /** Serves one of those that are blocked. */
  unblock(): void {
    const next = this.#blocked.shift();
    if (next === undefined || next.session.connection.closed) return;
    next.session.out.push([next.key, this.#write(next.key, next.write, Infinity)]);
    this.#invalidate(next.key);
  }

  /** Writes as another client. */
  write(key: string, write: string, px: number): void {
    this.#write(key, write, px);
    this.#invalidate(key);
  }

  /** The current value. */
  value(key: string): Stored | undefined {
    const stored = this.#data.get(key);
    return stored !== undefined && stored.expires > this.#clock.now() ? stored : undefined;
  }

  /** Cuts a connection. */
  cut(which: number): void {
    const { open } = this.#peer;
    open[which % open.length]?.reset();
  }

  #session(connection: PeerConnection): Session {
    let session = this.#sessions.get(connection);
    if (session === undefined) {
      this.#sessions.set(connection, session = { connection, out: [], tracking: false, multi: undefined });
    }
    return session;
  }

  #take(words: readonly string[], session: Session): { value: Wire; changed: string[] } | undefined {
    const [name, ...args] = words as [string, ...string[]];
    if (name === "MULTI") {
      session.multi = [];
      return { value: "OK", changed: [] };
    }
    if (name === "EXEC") {
      const replies = session.multi!.map((one) => this.#take(one, { ...session, multi: undefined })!);
      session.multi = undefined;
      return {
        value: replies.map(({ value }) => value),
        changed: replies.flatMap(({ changed }) => changed),
      };
    }
    if (session.multi !== undefined) {
      session.multi.push(words);
      return { value: "QUEUED", changed: [] };
    }
    switch (name) {
      case "GET":
        return { value: this.#read(args[0]!, session), changed: [] };
      case "MGET":
        return { value: args.map((key) => this.#read(key, session)), changed: [] };
      case "PTTL": {
        const stored = this.value(args[0]!);
        this.#read(args[0]!, session);
        const left = stored === undefined ? -2 : stored.expires - this.#clock.now();
        return { value: left === Infinity ? -1 : left, changed: [] };
      }
      case "SET": {
        const px = args[2] === "PX" ? Number(args[3]) : Infinity;
        this.#write(args[0]!, args[1]!, px);
        return { value: "OK", changed: [args[0]!] };
      }
      case "EVAL":
        this.#write(args[2]!, args[3]!, Infinity);
        return { value: "OK", changed: [args[2]!] };
      case "BLPOP":
        this.#blocked.push({ session, key: args[0]!, write: args[1]! });
        return undefined;
      case "CLIENT":
        session.tracking ||= args[0] === "TRACKING";
        return { value: "OK", changed: [] };
      case "WATCH":
      case "UNWATCH":
        return { value: "OK", changed: [] };
    }
    return { value: new ErrorReply(`ERR unknown command '${name}'`), changed: [] };
  }

  #read(key: string, session: Session): Wire {
    if (session.tracking) {
      const readers = this.#readers.get(key) ?? new Set();
      this.#readers.set(key, readers.add(this.#session(session.connection)));
    }
    const stored = this.value(key);
    return stored === undefined ? null : String(stored.order);
  }

  #write(key: string, write: string, px: number): string {
    const stored = { order: ++this.#order, expires: this.#clock.now() + px };
    this.#data.set(key, stored);
    this.written.set(write, stored);
    this.history.set(stored.order, stored);
    return String(stored.order);
  }

  #invalidate(key: string): void {
    const readers = this.#readers.get(key);
    this.#readers.delete(key);
    for (const session of readers ?? []) session.out.push(new Push(["invalidate", [key]]));
  }
}
