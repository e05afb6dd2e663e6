/**
 * The setup of a soak: the servers, the working clients, and the possible faults.
 *
 * @module
 */
import type { TextPromise } from "../../base.ts";
import type { Client } from "../../mod.ts";
import { type FaultProxy, startProxy } from "../../tests/harness/fault_proxy.ts";
import type { RawClientAddress } from "../../tests/harness/raw_client.ts";
import type { Fault } from "./faults.ts";

/** A client of any kind. */
export type AnyClient = Client<TextPromise>;

/** The servers, and who works with them. */
export interface Stage {
  /** The tags of the keys (`soak:{tag}:...`): of one slot each, where there are slots. */
  readonly tags: readonly [string, ...string[]];
  /** The clients that write and read. */
  readonly clients: readonly [AnyClient, ...AnyClient[]];
  /** The clients that keep the order of writes of one key. */
  readonly orderly: readonly AnyClient[];
  /** The clients that read from replicas: before Valkey 8.0 a replica does not know that a key is being moved. */
  readonly replicaReaders: readonly AnyClient[];
  /** The subscribing client. */
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

/** The limits of all clients. */
export const LIMITS = {
  commandTimeout: 1_500,
  connectTimeout: 500,
  healthCheckInterval: 1_000,
  reconnect: { backoff: "exponential:10:200:full" },
} as const;

/** Creates a proxy that does not keep closed connections, which would look like a leak. */
export async function forgetfulProxy(target: RawClientAddress): Promise<FaultProxy> {
  const proxy = await startProxy(target);
  proxy.on("close", (one) => void proxy.connections.splice(proxy.connections.indexOf(one), 1));
  return proxy;
}

/** Creates a proxy for each server. Returns the ports of the proxies by those of the servers. */
export async function proxiesFor(
  servers: readonly { readonly port: number }[],
): Promise<{ proxies: [FaultProxy, ...FaultProxy[]]; ports: ReadonlyMap<number, number> }> {
  const proxies = await Promise.all(servers.map(({ port }) => forgetfulProxy({ port })));
  const ports = new Map(servers.map(({ port }, index) => [port, proxies[index]!.port]));
  return { proxies: proxies as [FaultProxy, ...FaultProxy[]], ports };
}
