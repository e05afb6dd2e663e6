/**
 * Where a soak takes place: the servers, the clients that work, and what can go wrong there.
 *
 * @module
 */
import type { TextPromise } from "../../base.ts";
import type { Client } from "../../mod.ts";
import { type FaultProxy, startProxy } from "../../tests/harness/fault_proxy.ts";
import type { RawClientAddress } from "../../tests/harness/raw_client.ts";
import type { Fault } from "./faults.ts";

/** A client, whatever it is connected with. */
export type AnyClient = Client<TextPromise>;

/** The servers, and who works with them. */
export interface Stage {
  /** The tags of the keys (`soak:{tag}:...`): of one slot each, where there are slots. */
  readonly tags: readonly [string, ...string[]];
  /** Those who write and ask. */
  readonly clients: readonly [AnyClient, ...AnyClient[]];
  /** Those of them that keep the order of writes of one key. */
  readonly orderly: readonly AnyClient[];
  /** Those of them that read from replicas: before Valkey 8.0 a replica does not know that a key is on the move. */
  readonly replicaReaders: readonly AnyClient[];
  /** Who subscribes. */
  readonly subscriber: AnyClient;
  /** The command that publishes, and the channel. */
  readonly publish: readonly [command: "PUBLISH" | "SPUBLISH", channel: string];
  /** Whether there is one server only, so that all who subscribe do so there. */
  readonly sole: boolean;
  /** Between the clients and the servers. */
  readonly proxies: readonly FaultProxy[];
  /** Lists of faults: each goes through at its own pace, one fault after the other. */
  readonly faults: readonly (readonly Fault[])[];
  /** The server that has a key, asked past the proxies. */
  master(key: string): Promise<RawClientAddress>;
  /** Resolves when all servers are in order again; rejects when that takes too long. */
  healed(): Promise<void>;
  /** Closes the clients. */
  close(): Promise<void>;
  /** Ends the servers. */
  stop(): Promise<void>;
}

/** What all clients are told. */
export const LIMITS = {
  commandTimeout: 1_500,
  connectTimeout: 500,
  healthCheckInterval: 1_000,
  reconnect: { backoff: "exponential:10:200:full" },
} as const;

/** A proxy that does not keep what has ended, which would be the harness's own growth. */
export async function forgetfulProxy(target: RawClientAddress): Promise<FaultProxy> {
  const proxy = await startProxy(target);
  proxy.on("close", (one) => void proxy.connections.splice(proxy.connections.indexOf(one), 1));
  return proxy;
}

/** A proxy for each; the ports of the proxies by those of the servers. */
export async function proxiesFor(
  servers: readonly { readonly port: number }[],
): Promise<{ proxies: [FaultProxy, ...FaultProxy[]]; ports: ReadonlyMap<number, number> }> {
  const proxies = await Promise.all(servers.map(({ port }) => forgetfulProxy({ port })));
  const ports = new Map(servers.map(({ port }, index) => [port, proxies[index]!.port]));
  return { proxies: proxies as [FaultProxy, ...FaultProxy[]], ports };
}
