/**
 * A pool under a schedule: acquires, releases, cancelled calls and lost connections in any order, with
 * invariants that must hold after each step.
 *
 * @module
 */
import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { Connection } from "../../src/connection/connection.ts";
import { BlockingConnectionPool } from "../../src/pool/blocking_pool.ts";
import { ConnectionPool } from "../../src/pool/pool.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { SimulatedClock } from "../harness/clock.ts";

/** The options of a pool. */
export interface Setting {
  readonly blocking: boolean;
  readonly max: number;
  readonly minIdle: number;
  readonly queue: "lifo" | "fifo";
  readonly maxIdleTime: number;
  readonly maxLifetime: number;
  readonly timeout: number;
}

/** One step; `at` says of which of several. */
export type Step =
  | { readonly do: "acquire" | "tryAcquire" | "disconnectIdle" | "disconnect" | "reset" }
  | { readonly do: "release" | "abort" | "kill" | "dirty" | "unread" | "select"; readonly at: number }
  | { readonly do: "server"; readonly how: "up" | "refusing" | "slow" | "mute" }
  | { readonly do: "time"; readonly ms: number };

interface Asking {
  readonly id: number;
  readonly controller: AbortController;
}

const decoder = new TextDecoder();

/**
 * All that is ready to run runs: an immediate comes after every microtask, and the memory transport moves in those
 * only. (A number of turns would do, too; but `node:test` makes promises expensive on Node.)
 */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Runs schedules on one pool. */
export class Rig {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly pool: ConnectionPool;
  readonly peers: Set<MemoryPeer> = new Set();
  readonly held: Set<Connection> = new Set();
  readonly asking: Map<number, Asking> = new Map();
  readonly served: number[] = [];
  #mood: "up" | "refusing" | "slow" | "mute" = "up";
  #slow: (() => void)[] = [];
  #muted: MemoryPeer[] = [];
  #asked = 0;

  /** Makes the pool. */
  constructor(setting: Setting) {
    const options = {
      transport: memoryTransport((peer) => this.#accept(peer)),
      clock: this.clock,
      libName: false as const,
      healthCheckInterval: 0,
      connectTimeout: 50,
      closeGrace: 100,
      retry: { attempts: 1, backoff: "constant:10" },
      reconnect: { backoff: "constant:30" },
      maxConnections: setting.max,
      minIdle: Math.min(setting.minIdle, setting.max),
      queue: setting.queue,
      maxIdleTime: setting.maxIdleTime,
      maxLifetime: setting.maxLifetime,
    };
    const note = (request: object): void => {
      this.served.push((request as { id: number }).id);
    };
    if (setting.blocking) {
      this.pool = new (class extends BlockingConnectionPool {
        protected override take(request: object): Connection | Promise<Connection> | undefined {
          const taken = super.take(request);
          if (taken !== undefined) note(request);
          return taken;
        }
      })({ ...options, timeout: setting.timeout });
    } else this.pool = new ConnectionPool(options);
  }

  #accept(peer: MemoryPeer): void | Promise<void> {
    if (this.#mood === "refusing") throw new Error("not now");
    this.peers.add(peer);
    peer.onclose = () => this.peers.delete(peer);
    if (this.#mood === "mute") {
      this.#muted.push(peer);
      return;
    }
    this.#talk(peer);
    if (this.#mood === "slow") return new Promise((resolve) => this.#slow.push(resolve));
  }

  #talk(peer: MemoryPeer): void {
    peer.ondata = (chunk) => {
      const text = decoder.decode(chunk);
      for (const command of text.matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
        peer.write(command[1] === "HELLO" ? "%1\r\n+proto\r\n:3\r\n" : "+OK\r\n");
      }
    };
  }

  #acquire(): void {
    const id = ++this.#asked;
    const controller = new AbortController();
    const asking: Asking = { id, controller };
    this.asking.set(id, asking);
    // The pool passes these options on unchanged, so that a subclass can identify the caller.
    const options = { signal: controller.signal, id };
    this.pool.acquire(options).then((connection) => {
      this.asking.delete(id);
      assert.ok(!this.held.has(connection), "a connection was lent to two at once");
      this.held.add(connection);
    }, () => this.asking.delete(id));
  }

  #pick<T>(all: Iterable<T>, at: number): T | undefined {
    const list = [...all];
    return list.length === 0 ? undefined : list[at % list.length];
  }

  #kill(peer: MemoryPeer | undefined): void {
    if (peer === undefined) return;
    this.peers.delete(peer);
    peer.reset();
  }

  #release(connection: Connection): void {
    this.held.delete(connection);
    this.pool.release(connection);
  }

  /** Makes a step. */
  async step(step: Step): Promise<void> {
    const { pool } = this;
    switch (step.do) {
      case "acquire":
        this.#acquire();
        break;
      case "tryAcquire": {
        const connection = pool.tryAcquire();
        if (connection === undefined) break;
        assert.ok(!this.held.has(connection), "a connection was lent to two at once");
        this.held.add(connection);
        break;
      }
      case "release": {
        const connection = this.#pick(this.held, step.at);
        if (connection !== undefined) this.#release(connection);
        break;
      }
      // Given back with a reply that is due.
      case "unread": {
        const connection = this.#pick(this.held, step.at);
        connection?.send(["PING"]).catch(() => {});
        if (connection !== undefined) this.#release(connection);
        break;
      }
      // Returned in another database: the pool has to reset its session.
      case "select": {
        const connection = this.#pick(this.held, step.at);
        await connection?.send(["SELECT", 1]).catch(() => {});
        if (connection !== undefined && this.held.has(connection)) this.#release(connection);
        break;
      }
      // Given back after a command that nothing undoes.
      case "dirty": {
        const connection = this.#pick(this.held, step.at);
        await connection?.send(["CLIENT", "SETNAME", "x"]).catch(() => {});
        if (connection !== undefined && this.held.has(connection)) this.#release(connection);
        break;
      }
      case "abort":
        this.#pick(this.asking.values(), step.at)?.controller.abort(new Error("given up"));
        break;
      case "kill":
        this.#kill(this.#pick(this.peers, step.at));
        break;
      case "server":
        this.#mood = step.how;
        if (step.how === "up") this.#relent();
        break;
      case "time":
        await this.time(step.ms);
        break;
      case "disconnectIdle":
        pool.disconnect({ inUse: false });
        break;
      case "disconnect":
        pool.disconnect();
        break;
      case "reset":
        pool.reset();
        break;
    }
    this.check();
    await settle();
    this.check();
    this.checkServed();
  }

  #relent(): void {
    for (const go of this.#slow.splice(0)) go();
    for (const peer of this.#muted.splice(0)) this.#talk(peer);
  }

  /** Moves time on; timers are called in order, and what follows from each runs before the next. */
  async time(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    for (let next = this.clock.nextTimer; next !== undefined; next = this.clock.nextTimer) {
      if (this.clock.now() + next > end) break;
      await this.clock.skip(next, settle);
    }
    await this.clock.skip(end - this.clock.now(), settle);
  }

  /** Checks the invariants of every moment. */
  check(): void {
    const { created, idle, inUse, connecting, waiting, max, opened, closed } = this.pool.stats();
    const alive = [...this.held].filter((connection) => connection.state === "ready").length;
    assert.equal(idle + inUse, created);
    assert.equal(opened - closed, created, "opened and closed tell how many there are");
    assert.ok(created + connecting <= max, `${created} + ${connecting} connections, where ${max} may be`);
    assert.ok(alive <= inUse, "each held connection is known as such");
    for (const count of [created, idle, inUse, connecting, waiting]) assert.ok(count >= 0);
    for (let index = 1; index < this.served.length; index++) {
      assert.ok(this.served[index]! > this.served[index - 1]!, `served out of turn: ${this.served}`);
    }
  }

  /** Checks the invariants of a pool whose calls have all settled. */
  checkServed(): void {
    const { created, idle, connecting, waiting, max } = this.pool.stats();
    if (waiting > 0) {
      assert.equal(idle, 0, "somebody waits for what lies idle");
      assert.equal(created + connecting, max, "somebody waits although there is a place");
    }
  }

  /** Returns all connections, closes the pool, and checks that no resource is left. */
  async end(): Promise<void> {
    await this.step({ do: "server", how: "up" });
    for (let round = 0; this.asking.size + this.held.size > 0; round++) {
      assert.ok(round < 1_000, `${this.asking.size} who asked were never answered`);
      for (const connection of [...this.held]) this.#release(connection);
      await this.time(20);
      this.check();
    }
    await this.time(200);
    const { created, idle, inUse, connecting, waiting } = this.pool.stats();
    assert.deepEqual({ inUse, connecting, waiting }, { inUse: 0, connecting: 0, waiting: 0 });
    assert.equal(created, idle);
    assert.equal(this.peers.size, created, "the server sees as many connections as the pool");
    const closing = this.pool.close();
    await settle();
    await closing;
    await settle();
    assert.equal(this.peers.size, 0, "a connection outlived its pool");
    assert.equal(this.pool.stats().created, 0);
    assert.equal(this.clock.pendingTimers, 0, "a timer outlived its pool");
  }
}
