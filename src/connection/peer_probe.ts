/**
 * A second connection that asks whether the first one is dead or its server only takes long.
 *
 * Silence says nothing by itself: a server that runs a script, and one whose machine has lost power, are both silent. So
 * the server is asked over another connection what it knows of the first. One that answers there, and neither blocks
 * nor reads a command of the first, has not got the command, or its reply was lost.
 *
 * @module
 */
import type { Clock } from "../clock.ts";
import { RedisError, ReplyError } from "../errors.ts";
import type { Reply } from "../resp/types.ts";

/** What a probe needs of a connection. */
export interface ProbeConnection {
  /** Its socket, from when it is open. */
  readonly link: object | undefined;
  connect(options: { readonly retry: false }): Promise<void>;
  send(words: readonly (string | number)[], options?: { readonly timeout: number }): Promise<Reply>;
  disconnect(): void;
}

/** What the server knows of a connection. */
type Knowledge = "busy" | "working" | "idle" | "gone" | "nothing";

/** Milliseconds between two looks: a reply that was sent before the first one has come by the second. */
const BETWEEN = 100;
/** Milliseconds for a reply. */
const LIMIT = 5_000;
/** How often in a row it cannot be reached before a command that blocks is given up: it may have waited for long. */
const UNREACHABLE = 3;

/** Asks after one connection. */
export class PeerProbe {
  readonly #open: () => ProbeConnection;
  readonly #clock: Clock;
  #unreachable = 0;
  /** The server has known the connection: another server, behind the same address, never does. */
  #known = false;

  /** `open` makes a further connection to the same server, not yet connected. */
  constructor(open: () => ProbeConnection, clock: Clock) {
    this.#open = open;
    this.#clock = clock;
  }

  /**
   * Resolves with whether the connection with this id at the server is dead; never rejects. `mayBlock`: its command may
   * wait on the server for something to happen.
   */
  async isDead(id: number | undefined, mayBlock: boolean): Promise<boolean> {
    const connection = this.#open();
    try {
      await connection.connect({ retry: false });
      this.#unreachable = 0;
      if (!this.#isSuspicious(await look(connection, id), mayBlock)) return false;
      await new Promise<void>((resolve) => this.#clock.setTimeout(resolve, BETWEEN));
      return this.#isSuspicious(await look(connection, id), mayBlock);
    } catch (error) {
      if (connection.link === undefined) return ++this.#unreachable >= (mayBlock ? UNREACHABLE : 1);
      // A refusal is an answer, too. Silence is not: the server takes nobody's commands now.
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
  // It blocks, or has read a part of a command.
  return /\bflags=\w*b/.test(line) || !/\bqbuf=0\b/.test(line) ? "working" : "idle";
}
