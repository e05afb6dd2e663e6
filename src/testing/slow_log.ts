/**
 * SLOWLOG and LATENCY: which commands took long.
 *
 * Commands are timed only while a parameter asks for more than slow scripts: reading the clock twice costs a tenth of the
 * speed.
 *
 * @module
 */
import type { Config } from "./config.ts";
import type { Command, ServerState, Session } from "./state.ts";

/** A line of SLOWLOG. */
export interface SlowEntry {
  /** Counts up. */
  readonly id: number;
  /** Seconds since 1970. */
  readonly at: number;
  /** Microseconds. */
  readonly duration: number;
  /** The words of the command, shortened. */
  readonly args: readonly string[];
  /** The address of the client. */
  readonly address: string;
  /** The name of the client. */
  readonly client: string;
}

/** An event of LATENCY. */
export interface LatencyEvent {
  /** Seconds since 1970 and milliseconds, oldest first; one for each second. */
  readonly samples: [at: number, ms: number][];
  /** The longest so far, in milliseconds. */
  longest: number;
}

const [MOST_WORDS, MOST_LETTERS, MOST_SAMPLES] = [32, 128, 160];

function shorten(args: readonly string[]): string[] {
  const words = args.slice(0, args.length > MOST_WORDS ? MOST_WORDS - 1 : MOST_WORDS).map((word) =>
    word.length > MOST_LETTERS
      ? `${word.slice(0, MOST_LETTERS)}... (${word.length - MOST_LETTERS} more bytes)`
      : word
  );
  if (args.length > MOST_WORDS) words.push(`... (${args.length - MOST_WORDS + 1} more arguments)`);
  return words;
}

/** The slow commands of a server. */
export class SlowLog {
  /** Latest first. */
  readonly entries: SlowEntry[] = [];
  /** The events by name. */
  readonly events: Map<string, LatencyEvent> = new Map();
  #slower = 0;
  #threshold = 0;
  #most = 0;
  #next = 0;

  /** Reads its parameters. Returns whether all commands are to be timed. */
  configure(config: Config): boolean {
    this.#slower = config.number("slowlog-log-slower-than");
    this.#threshold = config.number("latency-monitor-threshold");
    this.#most = config.number("slowlog-max-len");
    if (this.entries.length > this.#most) this.entries.length = this.#most;
    return this.#threshold > 0 || (this.#slower >= 0 && this.#slower < 10_000);
  }

  /** Notes how many microseconds a command took. */
  record(session: Session, command: Command, args: readonly string[], duration: number): void {
    const { server, link } = session;
    command.stats.usec += duration;
    const at = Math.floor(server.now / 1000);
    if (
      !command.flags.has("skip_slowlog") && this.#slower >= 0 && duration >= this.#slower && this.#most > 0
    ) {
      this.entries.unshift({
        id: this.#next++,
        at,
        duration,
        args: shorten(args),
        address: link?.address ?? "",
        client: session.name,
      });
      if (this.entries.length > this.#most) this.entries.pop();
    }
    const ms = Math.floor(duration / 1000);
    if (this.#threshold > 0 && ms >= this.#threshold) {
      this.#sample(command.flags.has("fast") ? "fast-command" : "command", at, ms);
    }
  }

  #sample(name: string, at: number, ms: number): void {
    let event = this.events.get(name);
    if (event === undefined) this.events.set(name, event = { samples: [], longest: 0 });
    event.longest = Math.max(event.longest, ms);
    const last = event.samples.at(-1);
    if (last?.[0] === at) last[1] = Math.max(last[1], ms);
    else event.samples.push([at, ms]);
    if (event.samples.length > MOST_SAMPLES) event.samples.shift();
  }
}

/** The slow commands of each server. */
const logs: WeakMap<ServerState, SlowLog> = new WeakMap();

/** The slow commands of a server. */
export function slowLogOf(server: ServerState): SlowLog {
  let log = logs.get(server);
  if (log === undefined) logs.set(server, log = new SlowLog());
  return log;
}
