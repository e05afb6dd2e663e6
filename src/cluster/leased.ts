/**
 * Commands that need a connection of their own, or all of a connection: on a lease at the node of their slot,
 * after which they go when it moves.
 *
 * @module
 */
import { delayOf } from "../backoff.ts";
import { type Acquire, pause, runDedicated, runOn } from "../client/dedicated_connection.ts";
import type { Call } from "../client/executor.ts";
import { type Command, CommandFlag } from "../commands/command.ts";
import type { Connection } from "../connection/connection.ts";
import { inDoubt } from "../connection/failures.ts";
import { abortable } from "../connection/limit.ts";
import { ConnectionError, PipelineError, RedisError } from "../errors.ts";
import { shouldRetry } from "../retry.ts";
import type { ClusterState as Fleet } from "./cluster_state.ts";
import type { ClusterNode } from "./node.ts";
import { FOLLOWED_AT_ONCE, tooManyRedirections, type Turn, TURN_BACKOFF, turnOf } from "./redirect.ts";
import { downError } from "./router.ts";
import { acquireAt, isUnreachable } from "./seek.ts";

/** Where a command is to be tried. */
export interface Place {
  /** The node. */
  readonly node: ClusterNode;
  /** Whether ASKING must come first. */
  readonly asking: boolean;
  /** The call, with what is left of its time. */
  readonly call: Call;
  /** Gets a connection to the node, if that is the right one for so long. */
  readonly acquire: Acquire;
}

/** Where to go after what kept a command from being sent: where the slot is now. */
const ANEW: Turn = { kind: "later", refresh: false, away: true };

/** What an error says about where to go: a redirection, or that the node was replaced before anything was sent. */
function turnOfAny(error: unknown): Turn | undefined {
  if (!(error instanceof RedisError)) return undefined;
  const replaced = error instanceof ConnectionError && error.code === "REPLACED" && error.executed === "no";
  return replaced ? ANEW : turnOf(error);
}

/** Whether a node still is where a slot is to be looked for. */
function isRight(fleet: Fleet, node: ClusterNode, slot: number, readonly: boolean): boolean {
  const { topology } = fleet;
  if (slot < 0) return topology.refreshes === 0 || topology.nodes().includes(node);
  const shard = topology.slots[slot];
  return shard === undefined || shard.master === node || (readonly && shard.replicas.includes(node));
}

/**
 * Tries at the node of a slot (negative: any node), and follows redirections. Where there is no way to the node,
 * the slot is looked for anew, until the time of the call is up.
 *
 * @param attempt does it; what it rejects with decides where to go next
 * @param asks whether ASK can be followed; else it is waited until the slot has moved
 */
export async function follow<T>(
  fleet: Fleet,
  name: string,
  slot: number,
  call: Call,
  { readonly = false, asks = true }: { readonly readonly?: boolean; readonly asks?: boolean },
  attempt: (place: Place) => Promise<T>,
): Promise<T> {
  const { clock } = fleet.options.connection;
  const { maxRedirections } = fleet.options;
  const { signal } = call;
  const deadline = call.timeout === 0 ? Infinity : clock.now() + call.timeout;
  if (!fleet.ready) await (signal === undefined ? fleet.start() : abortable(fleet.start(), signal));
  let next: ClusterNode | undefined;
  let asking = false;
  let masterOnly = !readonly;
  let doubtful = false;
  for (let turns = 0, losses = 0;;) {
    const named = next;
    const node = named ??
      (slot < 0 ? fleet.anyNode() : fleet.nodeOf(slot, !masterOnly) ?? unknown(fleet, slot));
    const rest = call.timeout === 0 ? call : { ...call, timeout: Math.max(1, deadline - clock.now()) };
    let unreachable: unknown;
    const acquire: Acquire = async (what, one, until) => {
      const right = (): boolean => named !== undefined || isRight(fleet, node!, slot, readonly);
      try {
        return await acquireAt(fleet, node!, right, what, one, until);
      } catch (error) {
        unreachable = error;
        throw error;
      }
    };
    next = undefined;
    try {
      if (node === undefined) throw downError(slot);
      return await attempt({ node, asking, call: rest, acquire });
    } catch (error) {
      const refused = doubtful ? inDoubt(error) : error;
      const context = { attempt: 1, readonly: true, executed: "no" } as const;
      const lost = isUnreachable(unreachable) && shouldRetry(call.retry, unreachable, context);
      const turn = turnOfAny(error) ?? (lost ? ANEW : undefined);
      if (turn === undefined || signal?.aborted || fleet.stopped) throw refused;
      doubtful ||= error instanceof RedisError && error.executed !== "no";
      if (turn !== ANEW && turns++ === maxRedirections) {
        throw turn.kind === "later" ? refused : tooManyRedirections(name, maxRedirections, error as Error);
      }
      asking = false;
      let delay = turns <= 3 ? 0 : delayOf(TURN_BACKOFF, turns - 3, clock);
      if (turn.kind === "later") {
        if (turn !== ANEW && call.retry.attempts === 0) throw refused;
        if (turn.refresh) fleet.refresher.request("down");
        // A replica that cannot serve it leaves it to the master, if it may.
        masterOnly ||= turn.away && fleet.options.readFrom !== "replica";
        delay = turn !== ANEW
          ? delayOf(TURN_BACKOFF, turns, clock)
          : lost
          ? delayOf(TURN_BACKOFF, ++losses, clock)
          : 0;
      } else if (turn.kind === "moved") {
        fleet.moved(turn.slot, fleet.nodeNamed(turn.address, node));
        if (slot < 0) next = fleet.nodeNamed(turn.address, node);
      } else if (asks) {
        next = fleet.nodeNamed(turn.address, node);
        asking = true;
      } else delay = delayOf(TURN_BACKOFF, turns, clock);
      if (clock.now() + delay >= deadline) throw refused;
      if (delay > 0) await pause(clock, delay, signal);
    }
  }
}

/**
 * Takes a connection to the node of a slot (negative: any node) for a caller of ours. The call's time is for finding
 * one that can be reached; one try may take longer, as connecting and waiting for a place have limits of their own.
 */
export function seek(
  fleet: Fleet,
  slot: number,
  call: Call,
  readonly: boolean,
): Promise<{ readonly node: ClusterNode; readonly connection: Connection }> {
  const name = slot < 0 ? "Taking a connection" : `Taking a connection for the slot ${slot}`;
  return follow(fleet, name, slot, call, { readonly }, async ({ node, call: rest, acquire }) => {
    return { node, connection: await acquire(name, rest, Infinity) };
  });
}

/** Before the slots are known, any node can say where to go. */
function unknown(fleet: Fleet, slot: number): ClusterNode | undefined {
  return fleet.topology.refreshes === 0 ? fleet.topology.masterOf(slot) ?? fleet.anyNode() : undefined;
}

/** Runs a command on a connection of its own. */
export function runLeased(
  fleet: Fleet,
  command: Command,
  slot: number,
  call: Call,
  blocks: number,
): Promise<unknown> {
  const { name, flags } = command.spec;
  const readonly = (flags & CommandFlag.readonly) !== 0;
  return follow(fleet, name, slot, call, { readonly }, async ({ node, asking, call: rest, acquire }) => {
    if (!asking) return await runDedicated(node.pool, command, rest, blocks, acquire);
    const { clock } = node.pool.options.connection;
    const deadline = rest.timeout === 0 ? Infinity : clock.now() + rest.timeout;
    const connection = await acquire(name, rest, deadline);
    try {
      connection.send(["ASKING"]).catch(() => {});
      return await runOn(connection, command, rest, deadline, blocks);
    } finally {
      connection[Symbol.dispose]();
    }
  });
}

/** What kept all commands of a lease from being run: a redirection, of one command or within a transaction. */
function redirectionIn(error: unknown): RedisError | undefined {
  if (!(error instanceof RedisError) || error.executed !== "no") return undefined;
  const all = error instanceof PipelineError ? error.results : [error];
  return all.find((one): one is RedisError => one instanceof RedisError && turnOf(one) !== undefined);
}

/** Whether another lease may succeed where one failed with `error`; learns from it where, and waits until it may. */
export async function leaseElsewhere(
  fleet: Fleet,
  error: unknown,
  turns: number,
  call: Pick<Call, "retry" | "signal">,
): Promise<boolean> {
  if (isUnreachable(error) && !call.signal?.aborted && !fleet.stopped) {
    fleet.lost();
    // The next lease waits for a node that can be reached.
    return call.retry.attempts > 0 && turns < fleet.options.maxRedirections;
  }
  const found = redirectionIn(error);
  const turn = found && turnOf(found);
  if (turn === undefined || turns >= fleet.options.maxRedirections || call.signal?.aborted) return false;
  if (turn.kind === "later" && call.retry.attempts === 0) return false;
  if (turn.kind === "moved") {
    fleet.moved(turn.slot, fleet.nodeNamed(turn.address, fleet.topology.masterOf(turn.slot)));
    if (turns < FOLLOWED_AT_ONCE) return true;
  }
  if (turn.kind === "later" && turn.refresh) fleet.refresher.request("down");
  const { clock } = fleet.options.connection;
  // ASK: the key is there, and the slot not yet; it is waited for.
  await new Promise<void>((resolve) => clock.setTimeout(resolve, delayOf(TURN_BACKOFF, turns + 1, clock)));
  return true;
}
