/**
 * Brings commands to the node that has their slot, and after them when it has moved.
 *
 * @module
 */
import { delayOf } from "../backoff.ts";
import { closedError } from "../client/unsupported_commands.ts";
import { OfflineQueue } from "../client/offline_queue.ts";
import type { Timer } from "../clock.ts";
import { type Command, CommandFlag } from "../commands/command.ts";
import { Pending, rawCommand, type Sender } from "../connection/pending.ts";
import { ClusterError, RedisError, ReplyError } from "../errors.ts";
import { DecodeMode } from "../resp/types.ts";
import { isFinal, retryDelay } from "../retry.ts";
import type { ClusterState as Fleet, TopologyListener as FleetListener } from "./cluster_state.ts";
import { isFatalDiscoveryError as isHopeless } from "./fatal_discovery_error.ts";
import type { ClusterNode } from "./node.ts";
import { FOLLOWED_AT_ONCE, tooManyRedirections, type Turn, TURN_BACKOFF, turnOf } from "./redirect.ts";
import { NO_KEY, slotOfCommand } from "./route.ts";
import type { Shard } from "./topology.ts";

/** What became of a command that did not arrive at once. */
interface Trip {
  /** How often a reply sent it on. */
  turns: number;
  /** The node where it was sent last, if a redirection said so. */
  node: ClusterNode | undefined;
  /** A replica could not serve it: the master is asked from now on. */
  master: boolean;
}

const ASKING = rawCommand(["ASKING"]);

/** The error for a slot that nobody has. */
export function downError(slot: number): ClusterError {
  return new ClusterError(`Cannot reach the slot ${slot}: no node is known to have it`, {
    code: "CLUSTERDOWN",
    executed: "no",
  });
}

/** Sends commands, and sends them again where that is right. */
export class Router implements Sender, FleetListener {
  readonly #fleet: Fleet;
  readonly #slots: readonly (Shard | undefined)[];
  readonly #masterOnly: boolean;
  /** Commands that wait for the slots to be known. */
  readonly #room: OfflineQueue;
  readonly #trips: WeakMap<Pending, Trip> = new WeakMap();
  /** Commands that wait for the time of their next try. */
  readonly #delayed: Map<Pending, Timer> = new Map();
  #closed = false;

  /** Routes over the nodes of a pool. */
  constructor(fleet: Fleet) {
    const { connection, readFrom } = fleet.options;
    this.#fleet = fleet;
    this.#slots = fleet.topology.slots;
    this.#masterOnly = readFrom === "master";
    this.#room = new OfflineQueue(connection.clock, connection, String(fleet.options));
    fleet.listen(this);
  }

  /** Sends a command whose keys are all in `slot`; {@linkcode NO_KEY}: to any node. */
  submit(pending: Pending, slot: number): void {
    const shard = slot < 0 ? undefined : this.#slots[slot];
    if (shard !== undefined) {
      if (this.#masterOnly) return shard.master.lane.submit(pending);
      const readonly = ((pending.command as Command).spec.flags & CommandFlag.readonly) !== 0;
      return this.#fleet.nodeOf(slot, readonly)!.lane.submit(pending);
    }
    this.#elsewhere(pending, slot);
  }

  /** @inheritdoc */
  recover(pending: Pending, error: Error): boolean {
    if (this.#closed || !(error instanceof RedisError)) return false;
    const turn = error instanceof ReplyError || error instanceof ClusterError ? turnOf(error) : undefined;
    if (turn !== undefined) return this.#turn(pending, error, turn);
    // It has not been tried at all: it waits on, up to its deadline.
    if (error.executed === "no" && !(error instanceof ReplyError) && !isFinal(error)) {
      this.#again(pending);
      return true;
    }
    const { retry, clock } = this.#fleet.options.connection;
    const readonly = (pending.command.spec.flags & CommandFlag.readonly) !== 0;
    const attempt = (pending.rare?.repeats ?? 0) + 1;
    const delay = retryDelay(pending.rare?.retry ?? retry, error, { attempt, readonly }, clock);
    if (delay === undefined) return false;
    if (error instanceof ReplyError) {
      if (!this.#later(pending, delay)) return false;
    } else this.#again(pending);
    pending.more.repeats = attempt;
    return true;
  }

  /** @inheritdoc */
  discovered(): void {
    if (this.#room.size === 0) return;
    for (const pending of this.#room.drain()) {
      this.submit(pending, slotOfCommand(pending.command as Command));
    }
  }

  /** @inheritdoc */
  failed(error: Error): boolean {
    this.#room.reason = error;
    const waits = this.#fleet.options.connection.maxQueued > 0;
    if (!waits || isHopeless(error)) this.#room.rejectAll(() => error);
    return this.#room.size > 0;
  }

  /** Rejects what waits, and whatever comes. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#fleet.unlisten(this);
    const { clock } = this.#fleet.options.connection;
    for (const [pending, timer] of this.#delayed) {
      clock.clearTimeout(timer);
      pending.reject(closedError(pending.command.spec.name));
    }
    this.#room.rejectAll((pending) => closedError(pending.command.spec.name));
  }

  /** There is no node for it, or any will do, or the slots are not known yet. */
  #elsewhere(pending: Pending, slot: number): void {
    const fleet = this.#fleet;
    if (!fleet.ready) {
      this.#room.add(pending);
      fleet.start().catch(() => {});
    } else if (slot === NO_KEY || fleet.topology.refreshes === 0) fleet.anyNode().lane.submit(pending);
    else pending.fail(downError(slot));
  }

  #turn(pending: Pending, error: RedisError, turn: Turn): boolean {
    const fleet = this.#fleet;
    const { clock, retry } = fleet.options.connection;
    const { maxRedirections } = fleet.options;
    const trip = this.#trip(pending);
    if (turn.kind === "later" && (pending.rare?.retry ?? retry).attempts === 0) return false;
    if (trip.turns === maxRedirections) {
      // What is not now is not there: the reply says it best.
      if (turn.kind === "later") return false;
      pending.reject(tooManyRedirections(pending.command.spec.name, maxRedirections, error));
      return true;
    }
    const attempt = ++trip.turns;
    if (turn.kind === "later") {
      if (turn.refresh) fleet.refresher.request("down");
      const away = turn.away && !this.#masterOnly && !trip.master &&
        (pending.command.spec.flags & CommandFlag.readonly) !== 0;
      trip.master ||= turn.away;
      trip.node = undefined;
      return this.#later(pending, away ? 0 : delayOf(TURN_BACKOFF, attempt, clock));
    }
    const node = fleet.nodeNamed(turn.address, trip.node ?? fleet.topology.masterOf(turn.slot));
    trip.node = node;
    if (turn.kind === "moved") fleet.moved(turn.slot, node);
    const send = turn.kind === "moved" ? () => this.#again(pending) : () => this.#ask(pending, node);
    if (attempt <= FOLLOWED_AT_ONCE) send();
    else return this.#later(pending, delayOf(TURN_BACKOFF, attempt - FOLLOWED_AT_ONCE, clock), send);
    return true;
  }

  #trip(pending: Pending): Trip {
    let trip = this.#trips.get(pending);
    if (trip === undefined) this.#trips.set(pending, trip = { turns: 0, node: undefined, master: false });
    return trip;
  }

  /** ASKING holds for the next command of the connection: both go into one lane, one behind the other. */
  #ask(pending: Pending, node: ClusterNode): void {
    const asking = new Pending(ASKING, DecodeMode.text, pending.timeout);
    // What becomes of it shows in the reply to the command behind it.
    asking.promise().catch(() => {});
    node.lane.resubmit(asking);
    node.lane.resubmit(pending);
  }

  /** Sends a command that has been on its way before. */
  #again(pending: Pending): void {
    const fleet = this.#fleet;
    const slot = slotOfCommand(pending.command as Command);
    const readonly = (pending.command.spec.flags & CommandFlag.readonly) !== 0;
    const node = slot < 0 || fleet.topology.refreshes === 0 && fleet.topology.masterOf(slot) === undefined
      ? fleet.anyNode()
      : fleet.nodeOf(slot, readonly && this.#trips.get(pending)?.master !== true);
    if (node !== undefined) node.lane.resubmit(pending);
    else pending.fail(downError(slot));
  }

  /** Sends it after a while, if its time allows. */
  #later(pending: Pending, delay: number, send: () => void = () => this.#again(pending)): boolean {
    const { clock } = this.#fleet.options.connection;
    if (pending.deadline !== 0 && clock.now() + delay >= pending.deadline) return false;
    const timer = clock.setTimeout(() => {
      this.#delayed.delete(pending);
      if (!pending.done) send();
    }, delay);
    this.#delayed.set(pending, timer);
    return true;
  }
}
