/**
 * A script that has run longer than `busy-reply-threshold`: it continues in slices, and between them other clients get
 * BUSY.
 *
 * @module
 */
import { systemClock, type Timer } from "../../clock.ts";
import type { Waiter } from "../blocking.ts";
import { after } from "../dispatch.ts";
import { BLOCKED, ErrorReply, MapReply, type ReplyValue } from "../reply.ts";
import type { ServerState } from "../state.ts";
import type { ScriptContext } from "./redis_api.ts";
import type { ScriptExecution } from "./script_execution.ts";

/** Milliseconds of a slice. */
const SLICE = 10;

/** The reported part of a job. */
interface ShownJob {
  readonly name: string;
  readonly words: readonly string[];
}

function busyError(kind: "SCRIPT" | "FUNCTION"): ErrorReply {
  return new ErrorReply(
    `BUSY Redis is busy running a script. You can only call ${kind} KILL or SHUTDOWN NOSAVE.`,
  );
}

/** A script that is interrupted, and continues by itself. */
export class BusyScript {
  /** Whether it has ended. */
  done = false;
  readonly #server: ServerState;
  readonly #context: ScriptContext;
  readonly #execution: ScriptExecution;
  readonly #job: ShownJob;
  readonly #isEval: boolean;
  readonly #waiter: Waiter;
  #timer: Timer | undefined;

  /** Lets the client wait, and the server be busy, until the script ends. */
  constructor(
    server: ServerState,
    context: ScriptContext,
    execution: ScriptExecution,
    job: ShownJob,
    isEval: boolean,
  ) {
    this.#server = server;
    this.#context = context;
    this.#execution = execution;
    this.#job = job;
    this.#isEval = isEval;
    const { caller } = execution.run;
    this.#waiter = {
      session: caller,
      db: caller.db,
      keys: [],
      serve: () => undefined,
      expired: () => BLOCKED,
      alarm: undefined,
    };
    server.blocking.hold(this.#waiter);
    server.busy = busyError(isEval ? "SCRIPT" : "FUNCTION");
    this.#schedule();
  }

  #schedule(): void {
    this.#timer = systemClock.setTimeout(() => this.#continue(), 0);
  }

  #continue(): void {
    const { run } = this.#execution;
    const [before, current] = [this.#context.run, this.#server.current];
    this.#context.run = run;
    this.#server.current = run.caller;
    let reply: ReplyValue | undefined;
    try {
      reply = this.#execution.resume(systemClock.now() + SLICE);
    } finally {
      this.#context.run = before;
      this.#server.current = current;
    }
    if (reply === undefined) this.#schedule();
    else this.#end(reply);
  }

  #end(reply: ReplyValue): void {
    this.done = true;
    const server = this.#server;
    server.busy = undefined;
    server.replication.end();
    server.blocking.finish(this.#waiter, reply);
    server.blocking.resume();
    after(server);
  }

  /** Ends it for SCRIPT KILL or FUNCTION KILL.
   *
   * @throws {ErrorReply} when it has written, or is of the other kind. */
  kill(kind: "SCRIPT" | "FUNCTION"): void {
    if (this.#execution.run.wrote) {
      throw new ErrorReply(
        "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
      );
    }
    if ((kind === "SCRIPT") !== this.#isEval) throw busyError(this.#isEval ? "SCRIPT" : "FUNCTION");
    this.#execution.kill();
  }

  /** Returns the reply of FUNCTION STATS. */
  describe(): MapReply {
    return new MapReply([
      "name",
      this.#job.name,
      "command",
      [...this.#job.words],
      "duration_ms",
      Math.floor(systemClock.now() - this.#execution.startedAt),
    ]);
  }

  /** Stops the script without a reply, because the server is closed. */
  abandon(): void {
    if (this.done) return;
    this.done = true;
    systemClock.clearTimeout(this.#timer);
    this.#server.busy = undefined;
  }
}

/** The error of a KILL while nothing runs. */
export const NOT_BUSY: ErrorReply = new ErrorReply("NOTBUSY No scripts in execution right now.");
