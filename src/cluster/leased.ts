/**
 * Commands that need a connection of their own, or all of a connection: on a lease at the node of their slot,
 * after which they go when it moves.
 *
 * @module
 */
import { delayOf } from "../backoff.ts";
import { acquireUntil, runExclusively, runOn } from "../client/exclusive.ts";
import type { Call } from "../client/executor.ts";
import { type Command, CommandFlag } from "../commands/command.ts";
import { ConnectionError, PipelineError, RedisError } from "../errors.ts";
import type { Fleet } from "./fleet.ts";
import type { ClusterNode } from "./node.ts";
import { FOLLOWED_AT_ONCE, tooManyRedirections, type Turn, TURN_BACKOFF, turnOf } from "./redirect.ts";
import { downError } from "./router.ts";

/** Where a command is to be tried. */
export interface Place {
  /** The node. */
  readonly node: ClusterNode;
  /** Whether ASKING must come first. */
  readonly asking: boolean;
  /** The call, with what is left of its time. */
  readonly call: Call;
}

/** What an error says about where to go: a redirection, or that the node was replaced before anything was sent. */
function turnOfAny(error: unknown): Turn | undefined {
  if (!(error instanceof RedisError)) return undefined;
  const replaced = error instanceof ConnectionError && error.code === "REPLACED" && error.executed === "no";
  return replaced ? { kind: "later", refresh: false, away: false } : turnOf(error);
}

/**
 * Tries at the node of a slot (negative: any node), and follows redirections.
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
  const deadline = call.timeout === 0 ? Infinity : clock.now() + call.timeout;
  if (!fleet.ready) await fleet.start();
  let next: ClusterNode | undefined;
  let asking = false;
  for (let turns = 0;; turns++) {
    const node = next ?? (slot < 0 ? fleet.anyNode() : fleet.nodeOf(slot, readonly) ?? unknown(fleet, slot));
    const rest = call.timeout === 0 ? call : { ...call, timeout: Math.max(1, deadline - clock.now()) };
    next = undefined;
    try {
      if (node === undefined) throw downError(slot);
      return await attempt({ node, asking, call: rest });
    } catch (error) {
      const turn = turnOfAny(error);
      if (turn === undefined || call.signal?.aborted) throw error;
      if (turns === maxRedirections) {
        throw turn.kind === "later" ? error : tooManyRedirections(name, maxRedirections, error as Error);
      }
      asking = false;
      let delay = turns < 3 ? 0 : delayOf(TURN_BACKOFF, turns - 2, clock);
      if (turn.kind === "later") {
        if (call.retry.attempts === 0) throw error;
        if (turn.refresh) fleet.refresher.request("down");
        delay = delayOf(TURN_BACKOFF, turns + 1, clock);
      } else if (turn.kind === "moved") {
        fleet.moved(turn.slot, fleet.nodeNamed(turn.address, node));
        if (slot < 0) next = fleet.nodeNamed(turn.address, node);
      } else if (asks) {
        next = fleet.nodeNamed(turn.address, node);
        asking = true;
      } else delay = delayOf(TURN_BACKOFF, turns + 1, clock);
      if (clock.now() + delay >= deadline) throw error;
      if (delay > 0) await new Promise<void>((resolve) => clock.setTimeout(resolve, delay));
    }
  }
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
  return follow(fleet, name, slot, call, { readonly }, async ({ node, asking, call: rest }) => {
    if (!asking) return await runExclusively(node.pool, command, rest, blocks);
    const { clock } = node.pool.options.connection;
    const deadline = rest.timeout === 0 ? Infinity : clock.now() + rest.timeout;
    const connection = await acquireUntil(node.pool, name, rest, deadline);
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
