import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import type { Executor } from "../../src/client/executor.ts";
import type { SubscriptionKind, SubscriptionRouter } from "../../src/client/pubsub/subscription_router.ts";
import { PubSub } from "../../src/client/pubsub/pubsub.ts";
import { standaloneSubscriptions } from "../../src/client/pubsub/standalone_subscriptions.ts";
import { callOf } from "../../src/client/client.ts";
import { joinSharedConnection } from "../../src/client/standalone_executor.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { Push } from "../harness/resp.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { isDealt } from "../harness/share.ts";

const CHANNELS = ["a", "b", "c", "d"] as const;
const KINDS = ["channel", "pattern", "shard"] as const;

/** All that is ready to run runs. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A listener with the items that it has received: numbers, and gaps as text. */
interface Hearer {
  readonly name: string;
  readonly kind: SubscriptionKind;
  readonly channel: string;
  readonly user: PubSub;
  readonly heard: (number | "gap")[];
  /** The last number before it was confirmed. */
  from: number | undefined;
  left: boolean;
  stop(): void;
}

/** Clients that share one connection, each with a registry of its own, as a cluster's and those of its nodes do. */
class Rig {
  readonly clock: SimulatedClock;
  readonly peer: ScriptedPeer;
  readonly redis: Redis;
  readonly users: PubSub[];
  readonly hearers: Hearer[] = [];
  readonly trace: string[] = [];
  readonly #published: Map<string, number> = new Map();

  constructor(seed: number, protocol: 2 | 3) {
    this.clock = new SimulatedClock({ seed });
    this.peer = new ScriptedPeer({ clock: this.clock });
    this.redis = new Redis({
      transport: this.peer.transport({ chunkSize: 1 + this.below(60) }),
      clock: this.clock,
      protocol,
      libName: false,
      healthCheckInterval: 0,
      reconnect: { backoff: "constant:1" },
    });
    const { pool } = this.redis;
    const multiplexed = joinSharedConnection(pool);
    const shared = standaloneSubscriptions(pool, multiplexed, true);
    const other = (): SubscriptionRouter => ({
      options: shared.options,
      events: shared.events,
      connectionFor: (kind, channel) => shared.connectionFor(kind, channel),
      dedicatedConnectionFor: (kind, channel) => shared.dedicatedConnectionFor(kind, channel),
    });
    this.users = [shared, other(), other()].map((subscriptionRouter) =>
      PubSub.of({ subscriptionRouter, closed: false } as unknown as Executor)
    );
  }

  below(limit: number): number {
    return Math.floor(this.clock.random() * limit);
  }

  begin(): void {
    const kind = KINDS[this.below(3)]!;
    const channel = CHANNELS[this.below(CHANNELS.length)]!;
    const at = this.below(this.users.length);
    const user = this.users[at]!;
    const heard: (number | "gap")[] = [];
    const call = { ...callOf(this.redis.options), timeout: 0 };
    const name = kind === "pattern" ? `${channel}*` : channel;
    const hearer: Hearer = {
      name: `${this.hearers.length} of ${at} on ${kind} ${name}`,
      kind,
      channel,
      user,
      heard,
      from: undefined,
      left: false,
      stop: () => {},
    };
    const begun = (): void => {
      hearer.from ??= this.#number(kind, channel);
      this.trace.push(`${hearer.name} begun at ${hearer.from}`);
    };
    if (this.below(3) > 0) {
      const listener = { message: (text: string) => heard.push(Number(text)), gap: () => heard.push("gap") };
      user.subscribe(kind, name, listener as never, call).then(begun, () => {});
      hearer.stop = () => void user.unsubscribe(kind, name, listener as never, call);
    } else {
      const options = kind === "pattern" ? { patterns: [name] } : { sharded: kind === "shard" };
      const items = user.iterate<string>(kind === "pattern" ? [] : [name], options, call);
      items.ready.then(begun, () => {});
      const read = async (): Promise<void> => {
        for await (const item of items) heard.push(item.kind === "gap" ? "gap" : Number(item.message));
      };
      read();
      hearer.stop = () => void items.close();
    }
    this.hearers.push(hearer);
    this.trace.push(`${hearer.name} begins`);
  }

  end(): void {
    const hearer = this.hearers[this.below(this.hearers.length)];
    if (hearer === undefined || hearer.left) return;
    hearer.left = true;
    hearer.stop();
    this.trace.push(`${hearer.name} ends`);
  }

  publish(kind: SubscriptionKind, channel: string): void {
    const sharded = kind === "shard";
    const id = `${sharded} ${channel}`;
    const number = (this.#published.get(id) ?? 0) + 1;
    this.#published.set(id, number);
    this.trace.push(`${number} is published to ${sharded ? "shard channel" : "channel"} ${channel}`);
    this.peer.server.publish(channel, String(number), sharded ? "s" : "");
  }

  #number(kind: SubscriptionKind, channel: string): number {
    return this.#published.get(`${kind === "shard"} ${channel}`) ?? 0;
  }

  async step(): Promise<void> {
    switch (this.below(14)) {
      case 0:
      case 1:
      case 2:
        this.begin();
        break;
      case 3:
      case 4:
      case 5:
        this.end();
        break;
      case 6:
        if (this.below(3) === 0) {
          this.trace.push("cut");
          const { open } = this.peer;
          open[this.below(open.length)]?.reset();
        }
        break;
      case 7:
        // The server itself ends the subscription to a shard channel.
        if (this.below(2) === 0) this.#withdraw(CHANNELS[this.below(CHANNELS.length)]!);
        break;
      case 8: {
        const { open } = this.peer;
        open[this.below(open.length)]?.freeze("toClient");
        break;
      }
      case 9:
        for (const connection of this.peer.connections) connection.thaw();
        break;
      default:
        this.publish(KINDS[this.below(3)]!, CHANNELS[this.below(CHANNELS.length)]!);
    }
    if (this.below(3) > 0) await this.clock.advance(this.below(3));
  }

  #withdraw(channel: string): void {
    for (const { session } of this.peer.open) {
      if (!session.subscriptions.delete(`s:${channel}`)) continue;
      this.trace.push(`shard channel ${channel} is withdrawn`);
      session.send(new Push(["sunsubscribe", channel, session.subscriptions.size]));
    }
  }

  async finish(): Promise<void> {
    for (let turn = 0; turn < 20; turn++) {
      for (const connection of this.peer.connections) connection.thaw();
      await this.clock.advance(20);
    }
    this.trace.push("all is well again");
    for (const channel of CHANNELS) {
      for (const kind of ["channel", "shard"] as const) this.publish(kind, channel);
    }
    for (let turn = 0; turn < 5; turn++) await settle();
    for (const hearer of this.hearers) {
      const { name, left, from, kind, channel } = hearer;
      const wrong = this.#wrong(hearer);
      if (wrong !== undefined) this.#fail(`${name} heard ${hearer.heard}, begun at ${from}: ${wrong}`);
      if (left) continue;
      if (from === undefined) this.#fail(`${name} was never confirmed`);
      else if (hearer.heard.at(-1) !== this.#number(kind, channel)) {
        this.#fail(`${name} is deaf: ${hearer.heard}`);
      }
    }
    // The server knows what is wanted, and nothing else.
    for (const hearer of this.hearers) if (!hearer.left) hearer.stop();
    await this.clock.advance(100);
    for (const { session } of this.peer.open) {
      if (session.subscriptions.size > 0) this.#fail(`left behind: ${[...session.subscriptions]}`);
    }
    const closing = this.redis.close();
    await this.clock.advance(20_000);
    await closing;
  }

  /** Returns an item that is missing without a gap, or arrived twice; `undefined` if there is none. */
  #wrong({ heard, from }: Hearer): string | undefined {
    let last = from;
    let gap = false;
    for (const item of heard) {
      if (item === "gap") gap = true;
      else {
        // Messages may arrive in the same chunk as the confirmation, before the client reports that.
        if (heard.indexOf(item) !== heard.lastIndexOf(item)) return `${item} came twice`;
        if (last !== undefined && item > last + 1 && !gap) return `${last + 1} is missing`;
        last = item;
        gap = false;
      }
    }
    return undefined;
  }

  #fail(why: string): never {
    assert.fail(`${why}\n${this.trace.join("\n")}`);
  }
}

describe("subscriptions of several clients on one connection, under random interleavings", () => {
  for (const protocol of [3, 2] as const) {
    for (let group = 0; group < 4; group++) {
      it(`are never deaf, and each hole is told (RESP${protocol}, ${group})`, async () => {
        for (let seed = group * 40 + 1; seed <= (group + 1) * 40; seed++) {
          if (!isDealt(seed)) continue;
          const rig = new Rig(seed, protocol);
          rig.trace.push(`seed ${seed}`);
          for (let step = 0; step < 120; step++) await rig.step();
          await rig.finish();
        }
      });
    }
  }
});
