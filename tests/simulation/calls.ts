/**
 * The calls of a world's programs on their clients, and the outcomes.
 *
 * @module
 */
import type { Redis, Subscription } from "../../mod.ts";
import { RedisError } from "../../src/errors.ts";
import { commandOf, tagOf, wordsOf } from "./commands.ts";
import { beginConsumer } from "./consumers.ts";
import type { Operation, Outcome, SubscriberRecord } from "./history.ts";
import type { Action, Part, Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** The command of a part, by the method that a program would use where the cache can answer it. */
function send(redis: Redis, part: Part): Promise<unknown> {
  if (part.verb === "get" && part.via === undefined) return redis.get(part.key);
  return redis.execute(commandOf(part));
}

function outcomeOf(error: unknown): Outcome {
  return { error, executed: error instanceof RedisError ? error.executed : "unknown" };
}

/** The part with the key that the server has: connections of a pool add no prefix. */
function stored(part: Part, { space }: Scenario): Part {
  const { keyPrefix = "", channelPrefix = "" } = space ?? {};
  return { ...part, key: (part.verb.endsWith("publish") ? channelPrefix : keyPrefix) + part.key };
}

type Call<D extends Action["do"]> = Extract<Action, { do: D }>;

/** Does what actions say. */
export class Calls {
  readonly #world: World;
  #groups = 0;

  /** In a world. */
  constructor(world: World) {
    this.#world = world;
  }

  /** Begins an action; nothing is awaited. */
  begin(action: Action): void {
    const redis = this.#world.clients[action.client]!.redis;
    switch (action.do) {
      case "call":
        return this.#call(redis, action);
      case "once":
        return this.#once(redis, action);
      case "pipeline":
      case "multi":
        return this.#batch(redis, action);
      case "watch":
        return this.#watch(redis, action);
      case "pop":
        return this.#pop(redis, action);
      case "lease":
        return void this.#lease(action);
      case "subscribe":
        return this.#subscribe(redis, action);
      case "consume":
        return beginConsumer(this.#world, action);
      case "connect":
        return this.#world.wait(`connect() of client ${action.client}`, redis.connect());
      case "close":
        return this.#world.closeClient(action.client);
    }
  }

  #limits(action: { readonly client: number; readonly timeout?: number; readonly abort?: number }): {
    options: { timeout?: number; signal?: AbortSignal };
    limit: number;
  } {
    const { commandTimeout = 5_000 } = this.#world.scenario.clients[action.client]!.options;
    const { timeout = commandTimeout, abort } = action;
    const options: { timeout?: number; signal?: AbortSignal } = {};
    if (action.timeout !== undefined) options.timeout = action.timeout;
    if (abort !== undefined) options.signal = this.#world.signal(abort);
    return { options, limit: Math.min(timeout === 0 ? Infinity : timeout, abort ?? Infinity) };
  }

  #open(action: Action, part: Part, how: Operation["how"], group: number, limit: number): Operation {
    const world = this.#world;
    const operation: Operation = {
      part,
      client: action.client,
      how,
      group,
      called: world.event("called", part.id),
      calledAt: world.now,
      limit,
      settled: Infinity,
      settledAt: Infinity,
      outcome: undefined,
      settlements: 0,
      executions: [],
      states: [],
      heardAt: world.heardAt(action.client, part.key),
    };
    world.add(operation);
    return operation;
  }

  #settle(operation: Operation, outcome: Outcome): void {
    operation.settlements++;
    if (operation.settlements > 1) return;
    operation.outcome = outcome;
    operation.settled = this.#world.event("settled", operation.part.id, outcome);
    operation.settledAt = this.#world.now;
    this.#world.recorder.ended(outcome);
  }

  #follow(operation: Operation, promise: Promise<unknown>, resolved?: () => void): void {
    promise.then(
      (value) => {
        this.#settle(operation, { value });
        resolved?.();
      },
      (error) => this.#settle(operation, outcomeOf(error)),
    );
  }

  #call(redis: Redis, action: Call<"call">): void {
    const { options, limit } = this.#limits(action);
    const { part, replicas } = action;
    if (replicas === undefined) {
      const operation = this.#open(action, part, "call", ++this.#groups, limit);
      return this.#follow(
        operation,
        send(redis.with(options), part),
        () => this.#read(redis, action, part.key),
      );
    }
    // The write, the way to its server and the wait have this time each.
    const operation = this.#open(action, part, "call", ++this.#groups, 4 * limit + 2_000);
    operation.replicas = { wanted: replicas, have: undefined };
    this.#world.loading();
    const written = send(redis.with({ ...options, replicas }), part);
    this.#follow(operation, written, () => {
      operation.replicas = { wanted: replicas, have: this.#world.acknowledged.by(part.id) };
    });
  }

  /** Reads what a call has just written, if it says so. */
  #read(redis: Redis, { client, read }: Call<"call" | "watch">, key: string): void {
    if (read !== undefined) this.#call(redis, { client, do: "call", part: { id: read, verb: "get", key } });
  }

  #once(redis: Redis, action: Call<"once">): void {
    const world = this.#world;
    const { part } = action;
    const { options } = this.#limits(action);
    const operation = this.#open(action, part, "once", ++this.#groups, Infinity);
    const [name, ...rest] = wordsOf(part);
    const id = `w${part.id}`;
    const run = async (): Promise<Outcome> => {
      try {
        return { value: await redis.with(options).once(id).command(name, ...rest) };
      } catch (error) {
        const first = outcomeOf(error);
        // Without an answer to the write, its outcome is asked for until a server gives it.
        while (first.executed !== "no") {
          world.loading();
          try {
            const { executed, reply } = await redis.outcome(id, { key: part.key, cancel: true });
            return executed === "yes" ? { value: reply } : { error, executed };
          } catch (again) {
            if (again instanceof RedisError && again.code === "CLOSED") break;
            await world.time.sleep(100);
          }
        }
        return first;
      }
    };
    run().then((outcome) => this.#settle(operation, outcome));
  }

  #batch(redis: Redis, action: Call<"pipeline" | "multi">): void {
    const { options, limit } = this.#limits(action);
    const group = ++this.#groups;
    const operations = action.parts.map((part) => this.#open(action, part, action.do, group, limit));
    const view = redis.with(options);
    const commands = action.parts.map(commandOf);
    const batch = action.do === "pipeline" ? view.pipeline(commands) : view.multi(commands);
    batch.exec({ settle: true }).then(
      (outcomes: readonly unknown[]) =>
        operations.forEach((operation, at) => {
          const one = outcomes[at];
          this.#settle(operation, one instanceof Error ? outcomeOf(one) : { value: one });
        }),
      (error: unknown) => {
        for (const operation of operations) this.#settle(operation, outcomeOf(error));
      },
    );
  }

  #watch(redis: Redis, action: Call<"watch">): void {
    const world = this.#world;
    const { options } = this.#limits(action);
    const operation = this.#open(action, action.part, "watch", ++this.#groups, Infinity);
    const [name, ...rest] = wordsOf(action.part);
    const done = redis.with(options).watch(action.key, async (tx) => {
      const seen = await tx.get(action.key);
      if (action.pause > 0) await world.time.sleep(action.pause);
      operation.seen = seen;
      return tx.multi().command(name, ...rest);
    });
    this.#follow(operation, done, () => this.#read(redis, action, action.key));
    world.loading();
  }

  #pop(redis: Redis, action: Call<"pop">): void {
    const { options, limit } = this.#limits(action);
    const { blockingGrace = 1_000 } = this.#world.scenario.clients[action.client]!.options;
    const part: Part = { id: action.id, verb: "list", key: action.key };
    const operation = this.#open(action, part, "pop", ++this.#groups, limit + action.wait + blockingGrace);
    this.#follow(operation, redis.with(options).blpop(action.key, action.wait / 1_000));
  }

  async #lease(action: Call<"lease">): Promise<void> {
    const world = this.#world;
    const { options, limit } = this.#limits(action);
    const group = ++this.#groups;
    const { pool } = world.clients[action.client]!;
    let connection;
    try {
      const acquired = world.topology.acquire(
        pool,
        // Channels have no tag.
        action.parts.map(({ key }) => tagOf(key)).find((tag) => tag !== "") ?? "",
        options.signal === undefined ? {} : { signal: options.signal },
      );
      world.wait(`a lease of client ${action.client}`, acquired);
      connection = await acquired;
    } catch {
      return;
    }
    world.leases++;
    const ends = action.parts.map((part) => {
      const operation = this.#open(action, part, "lease", group, limit);
      const sent = connection.send(wordsOf(stored(part, world.scenario)), options);
      this.#follow(operation, sent);
      return sent.catch(() => {});
    });
    await Promise.all(ends);
    if (action.hold > 0) await world.time.sleep(action.hold);
    pool.release(connection);
    world.leases--;
  }

  #subscribe(redis: Redis, action: Call<"subscribe">): void {
    const world = this.#world;
    const { channels, until, sharded, pattern = false } = action;
    const name = `subscriber #${action.id} of client ${action.client}`;
    const record: SubscriberRecord = {
      id: action.id,
      client: action.client,
      channels,
      pattern,
      confirmed: Infinity,
      ended: Infinity,
      failed: undefined,
      heard: [],
    };
    world.history.subscribers.push(record);
    const hear = (text: string, channel: string): void => {
      if (record.ended !== Infinity) return;
      const id = parseInt(text, 10);
      world.event("heard", id);
      record.heard.push({ id, channel: pattern ? channels[0]! : channel, at: world.now });
    };
    const gap = (): void => {
      record.heard.push("gap");
      record.lastGap = world.history.times.length;
    };
    const confirm = (): void => void (record.confirmed = world.event("confirmed", action.id));
    const fail = (error: unknown): void => void (record.failed = error);
    let stop: () => void;
    if (action.iterate) {
      let items: Subscription;
      try {
        items = pattern
          ? redis.subscription({ patterns: channels })
          : sharded
          ? redis.subscription(...channels, { sharded })
          : redis.subscription(...channels);
      } catch (error) {
        return fail(error);
      }
      world.wait(`${name} to begin`, items.ready);
      items.ready.then(confirm, fail);
      (async () => {
        for await (const item of items) {
          if (item.kind === "gap") gap();
          else hear(item.message, item.channel);
        }
      })().catch(fail);
      stop = () => world.wait(`${name} to end`, items.close());
    } else {
      const listener = { message: hear, gap };
      const [subscribe, unsubscribe] = pattern
        ? ["psubscribe", "punsubscribe"] as const
        : sharded
        ? ["ssubscribe", "sunsubscribe"] as const
        : ["subscribe", "unsubscribe"] as const;
      const subscribed = redis[subscribe]([...channels], listener);
      world.wait(`${name} to begin`, subscribed);
      subscribed.then(confirm, fail);
      stop = () => world.wait(`${name} to end`, redis[unsubscribe]([...channels], listener));
    }
    if (until === undefined) return;
    world.time.later(until, () => {
      record.ended = Math.min(record.ended, world.event("ended", action.id));
      stop();
    });
  }
}
