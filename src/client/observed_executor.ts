/**
 * An executor that reports operations to an observer.
 *
 * @module
 */
import type { Command } from "../commands/command.ts";
import type { Observer, Target } from "../observer.ts";
import { Route } from "../observe/route.ts";
import { listensTo, observe } from "../observe/shield.ts";
import { targetOf } from "../observe/target.ts";
import type { ResolvedConnectionOptions } from "../options.ts";
import { ErrorDetailsExecutor } from "./call_sites.ts";
import { PrefixExecutor } from "./commands/key_prefix.ts";
import { DelegatingExecutor } from "./delegating_executor.ts";
import type { Call, Executor } from "./executor.ts";

/** Commands whose first argument is the name of a script or function, not a key or value. */
const PROCEDURES: ReadonlySet<string> = new Set(["EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO"]);

/** `queueMicrotask` costs more on Node, which keeps its context for it. */
const SOON: Promise<void> = Promise.resolve();

/** The number of the present tick, which all clients share, and whether its end is scheduled. */
let tick = 0;
let ending = false;
function endTick(): void {
  tick++;
  ending = false;
}

/** Returns what observers get of a command. */
export function describeCommand(
  { spec: { name }, args }: Command,
): { readonly kind: "command"; readonly name: string; readonly procedure: string | undefined } {
  return { kind: "command", name, procedure: PROCEDURES.has(name) ? String(args[0]) : undefined };
}

/** Wraps an executor. Operations that are not observed pass through. */
class ObservedExecutor extends DelegatingExecutor {
  readonly #observer: Observer;
  readonly #options: ResolvedConnectionOptions;
  #knownTarget: Target | undefined = undefined;
  readonly #routed: boolean;
  /** The tick in which the observer was asked, and its answer: asking for each command has a measurable cost. */
  #askedIn = -1;
  #heard = false;

  constructor(inner: Executor, observer: Observer, options: ResolvedConnectionOptions, routed: boolean) {
    super(inner);
    this.#observer = observer;
    this.#options = options;
    this.#routed = routed;
  }

  get #target(): Target {
    return this.#knownTarget ??= targetOf(this.#options);
  }

  /** @inheritdoc */
  override execute(command: Command, call: Call): Promise<unknown> {
    if (this.#askedIn !== tick) this.#ask();
    if (!this.#heard) return this.inner.execute(command, call);
    const operation = { ...describeCommand(command), target: this.#target };
    if (!this.#routed) return observe(this.#observer, operation, () => this.inner.execute(command, call));
    const route = new Route();
    return observe(
      this.#observer,
      { ...operation, route },
      () => this.inner.execute(command, { ...call, route }),
    );
  }

  #ask(): void {
    this.#askedIn = tick;
    this.#heard = listensTo(this.#observer, "command");
    if (ending) return;
    ending = true;
    SOON.then(endTick);
  }

  /** @inheritdoc */
  override executeAll(commands: readonly Command[], call: Call, atomic = false): Promise<unknown[]> {
    if (!listensTo(this.#observer, "batch")) {
      return this.inner.executeAll(commands, call, atomic);
    }
    const names = commands.map(({ spec }) => spec.name);
    const route = this.#routed ? new Route() : undefined;
    return observe(
      this.#observer,
      { kind: "batch", names, atomic, target: this.#target, ...route && { route } },
      () => this.inner.executeAll(commands, route === undefined ? call : { ...call, route }, atomic),
    );
  }
}

/** The options of a client that are about its calls. */
export type ClientCallOptions = Pick<
  ResolvedConnectionOptions,
  "keyPrefix" | "channelPrefix" | "callSites" | "errorArguments"
>;

/**
 * Returns the executor with what options put before it: the observer of the pool's connections, the details of errors
 * and the prefixes of the client. `routed`: it is a cluster's, which records where commands go.
 */
export function observed(
  executor: Executor,
  connection: ResolvedConnectionOptions,
  { callSites, errorArguments, keyPrefix, channelPrefix }: ClientCallOptions,
  routed = false,
): Executor {
  const { observer } = connection;
  const watched = observer === undefined
    ? executor
    : new ObservedExecutor(executor, observer, connection, routed);
  const noted = callSites ?? connection.transport?.callSites ?? false;
  const detailed = noted || errorArguments
    ? new ErrorDetailsExecutor(watched, noted, errorArguments)
    : watched;
  return keyPrefix + channelPrefix === "" ? detailed : new PrefixExecutor(detailed, keyPrefix, channelPrefix);
}
