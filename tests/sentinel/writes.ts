/**
 * Steady writes with numbers, and what must hold of them whatever happens to the servers.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Command, CommandFlag, defineCommand } from "../../src/commands/command.ts";
import type { Redis } from "../../src/client/redis.ts";
import { RedisError } from "../../src/errors.ts";
import type { Replicated } from "../harness/replicated.ts";
import type { Server } from "../harness/types.ts";
import { waitFor } from "../harness/wait.ts";

/** Writes one number after the other to a list, until stopped. */
export class NumberedWrites {
  readonly acknowledged: number[] = [];
  /** By what the rejection said of them. */
  readonly rejected: Record<"no" | "yes" | "unknown", number[]> = { no: [], yes: [], unknown: [] };
  readonly #redis: Redis;
  readonly #key: string;
  readonly #done: Promise<void>;
  readonly #waiting: Set<() => void> = new Set();
  #stopped = false;
  #last: unknown = undefined;

  constructor(redis: Redis, key: string) {
    this.#redis = redis;
    this.#key = key;
    this.#done = this.#write();
  }

  /**
   * Resolves when the given number of further writes is acknowledged; rejects when that takes longer than 45
   * seconds.
   */
  more(count: number): Promise<void> {
    const wanted = this.acknowledged.length + count;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#stopped = true;
        this.#waiting.delete(look);
        const { length } = this.acknowledged;
        reject(new Error(`${length} of ${wanted} writes were acknowledged`, { cause: this.#last }));
      }, 45_000);
      const look = (): void => {
        if (this.acknowledged.length < wanted) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  /** Stops, and checks; returns how many acknowledged ones replication has lost. */
  async check(): Promise<number> {
    this.#stopped = true;
    await this.#done;
    const found = (await this.#redis.lrange(this.#key, 0, -1)).map(Number);
    const there = new Set(found);
    assert.equal(there.size, found.length, "no number was written twice");
    assert.deepEqual(found, found.toSorted((one, other) => one - other), "they are in order");
    assert.deepEqual(
      this.rejected.no.filter((number) => there.has(number)),
      [],
      "what was not executed is not there",
    );
    assert.deepEqual(this.rejected.yes, []);
    // What replication loses is the end of what the old master had, and nothing in front of it or behind.
    const lost = this.acknowledged.filter((number) => !there.has(number));
    const between = this.acknowledged.filter((number) => number > lost[0]! && number < lost.at(-1)!);
    assert.deepEqual(
      between.filter((number) => there.has(number)),
      [],
      "only the end of the old master's is lost",
    );
    return lost.length;
  }

  async #write(): Promise<void> {
    for (let number = 0; !this.#stopped; number++) {
      try {
        await this.#redis.rpush(this.#key, number);
        this.acknowledged.push(number);
      } catch (error) {
        this.#last = error;
        assert.ok(error instanceof RedisError, String(error));
        this.rejected[error.executed].push(number);
        // Rejections at once, one after the other, would let no timer and no socket have its turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
      for (const look of [...this.#waiting]) look();
    }
  }
}

/** INFO as a command that reads: it follows the route of reads, and reports the server's port. */
export const PORT: Command<number> = new Command(
  defineCommand("INFO", CommandFlag.readonly),
  ["server"],
  (reply) => Number(/tcp_port:(\d+)/.exec(String(reply))?.[1]),
);

/** The port of the server that a client talks to. */
export async function portOf(redis: Redis): Promise<number> {
  return Number(/tcp_port:(\d+)/.exec(await redis.command<string>("INFO", "server"))?.[1]);
}

/** The master, as a sentinel knows it. */
export async function masterOf(topology: Replicated, by: Server = topology.sentinels[0]!): Promise<Server> {
  const address = await by.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", topology.service) as string[];
  const servers = [topology.master, ...topology.replicas];
  return servers.find(({ port, tlsPort }) => String(port) === address[1] || String(tlsPort) === address[1])!;
}

/** Sentinels that need no long rest between two failovers. */
export async function eager(topology: Replicated): Promise<void> {
  for (const sentinel of topology.sentinels) {
    await sentinel.cli("SENTINEL", "SET", topology.service, "failover-timeout", 1_000);
  }
}

/** The master on which these sentinels agree while none of them replaces it; a text if there is none. */
async function settledMaster(topology: Replicated, sentinels: readonly Server[]): Promise<Server | string> {
  const masters = new Set<Server>();
  for (const sentinel of sentinels) {
    const state = await sentinel.cli("SENTINEL", "MASTER", topology.service) as string[];
    const flags = state[state.indexOf("flags") + 1]!;
    if (flags !== "master") return `the master is ${flags}`;
    masters.add(await masterOf(topology, sentinel));
  }
  const [master] = masters;
  return masters.size === 1 ? master! : "the sentinels do not agree";
}

/**
 * Waits until these sentinels agree, and all other servers follow the master. It makes an old master a
 * replica itself, as sentinels take ten seconds for that.
 */
export async function healed(
  topology: Replicated,
  sentinels: readonly Server[] = topology.sentinels,
): Promise<void> {
  await waitFor("the servers to follow their master", async () => {
    const master = await settledMaster(topology, sentinels);
    if (typeof master === "string") return master;
    for (const server of [topology.master, ...topology.replicas]) {
      if (server === master) continue;
      const info = String(await server.cli("INFO", "replication"));
      if (/role:master/.test(info)) {
        // Asked after the INFO: a busy machine may have caused a failover, and this is the new master.
        const still = await settledMaster(topology, topology.sentinels);
        if (still !== master) return "the sentinels are about to change the master";
        await server.cli("REPLICAOF", master.host, master.tlsPort ?? master.port);
      }
      if (!/master_link_status:up/.test(info)) return "one does not follow it yet";
    }
    for (const sentinel of sentinels) {
      const known = await sentinel.cli("SENTINEL", "REPLICAS", topology.service) as string[][];
      const up = known.filter((reply) => reply[reply.indexOf("flags") + 1] === "slave").length;
      if (up !== topology.replicas.length) return `one sees ${up} of ${topology.replicas.length} replicas`;
    }
    return undefined;
  });
}
