/**
 * Detects a dead connection by a second one.
 *
 * A silent server may be dead or busy with a script. The probe asks the server over another connection for the state
 * of the first (CLIENT LIST). If the server replies, and neither blocks nor reads a command of the first connection,
 * the command or its reply was lost.
 *
 * @module
 */
import { sleep } from "./sleep.ts";
import type { Clock } from "../clock.ts";
import { RedisError, ReplyError } from "../errors.ts";
import type { Reply } from "../resp/types.ts";

/** A connection, as a probe uses it. */
export interface ProbeConnection {
  /** The link, from when the socket is open. */
  readonly link: object | undefined;
  connect(options: { readonly retry: false }): Promise<void>;
  send(words: readonly (string | number)[], options?: { readonly timeout: number }): Promise<Reply>;
  disconnect(): void;
}

/** The state of a connection at the server. */
type Knowledge = "busy" | "working" | "idle" | "gone" | "nothing";

/** Milliseconds between two checks: a reply that was sent before the first has arrived by the second. */
const BETWEEN = 100;
/** Milliseconds for a reply. */
const LIMIT = 5_000;
/** The number of failed connects in a row after which a blocking command is rejected. */
const UNREACHABLE = 3;

/** Probes one connection. */
export class PeerProbe {
  readonly #open: () => ProbeConnection;
  readonly #clock: Clock;
  #unreachable = 0;
  /** The server has known the connection; another server behind the same address never does. */
  #known = false;

  /** `open` creates a connection to the same server, not yet connected. */
  constructor(open: () => ProbeConnection, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /**
   * Resolves with whether the connection with this id at the server is dead; never rejects. `mayBlock`: its first waiting
   * command may block at the server.
   */
  async isDead(id: number | undefined, mayBlock: boolean): Promise<boolean> {
    const connection = this.#open();
    try {
      await connection.connect({ retry: false });
      this.#unreachable = 0;
      if (!this.#isSuspicious(await look(connection, id), mayBlock)) return false;
      await sleep(this.#clock, BETWEEN);
      return this.#isSuspicious(await look(connection, id), mayBlock);
    } catch (error) {
      if (connection.link === undefined) return ++this.#unreachable >= (mayBlock ? UNREACHABLE : 1);
      // A refusal shows that the server is alive. Silence does not: the server may be busy for all connections.
      return !mayBlock && error instanceof RedisError && error.cause instanceof ReplyError;
    } finally {
      connection.disconnect();
    }
  }

  #isSuspicious(known: Knowledge, mayBlock: boolean): boolean {
    if (known === "working" || known === "idle") this.#known = true;
    if (known === "idle") return true;
    if (known === "gone") return !mayBlock || this.#known;
    return known === "nothing" && !mayBlock;
  }
}

async function look(connection: ProbeConnection, id: number | undefined): Promise<Knowledge> {
  let list: Reply;
  try {
    list = await connection.send(id === undefined ? ["PING"] : ["CLIENT", "LIST", "ID", id], {
      timeout: LIMIT,
    });
  } catch (error) {
    if (!(error instanceof ReplyError)) throw error;
    return error.code === "BUSY" ? "busy" : "nothing";
  }
  if (id === undefined) return "nothing";
  const line = String(list).split("\n").find((one) => one.startsWith(`id=${id} `));
  if (line === undefined) return "gone";
  // The connection blocks, or the server has read part of a command.
  return /\bflags=\w*b/.test(line) || !/\bqbuf=0\b/.test(line) ? "working" : "idle";
}
