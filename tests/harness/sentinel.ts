/**
 * A sentinel as a process on this machine.
 *
 * It is configured with the replicas and the earlier sentinels, which learn of it by the usual hello messages. So
 * three sentinels agree much faster than by discovery.
 *
 * @module
 */
import { startServer } from "./server.ts";
import type { Server } from "./types.ts";

/** The master that a sentinel monitors. */
export interface SentinelOptions {
  /** Its own identity: 40 hexadecimal digits. */
  readonly id: string;
  /** The identities of all sentinels, in the order in which they start. */
  readonly ids: readonly string[];
  /** The running sentinels. */
  readonly earlier: readonly Server[];
  /** The name of the master. */
  readonly service: string;
  /** The master. */
  readonly master: Server;
  /** Its replicas. */
  readonly replicas: readonly Server[];
  /** Milliseconds of silence that mean down. Default 500. */
  readonly downAfter?: number;
  /** Whether to speak TLS, with servers, sentinels and clients. */
  readonly tls?: boolean;
  /** Whether servers and sentinels are known by the name `localhost`. */
  readonly hostnames?: boolean;
  /** The password of the servers. */
  readonly password?: string;
  /** The password of the sentinels, which they use with each other, too. */
  readonly sentinelPassword?: string;
}

/** Starts a sentinel. */
export async function startSentinel(options: SentinelOptions): Promise<Server> {
  const { service, master, replicas, earlier, ids, tls = false, hostnames = false } = options;
  const at = (server: Server) =>
    `${hostnames ? "localhost" : server.host} ${tls ? server.tlsPort : server.port}`;
  const names = [
    "bind 127.0.0.1 -::1",
    "sentinel resolve-hostnames yes",
    "sentinel announce-hostnames yes",
    "sentinel announce-ip localhost",
  ];
  const config = [
    // Before the first name.
    ...hostnames ? names : [],
    `sentinel myid ${options.id}`,
    `sentinel monitor ${service} ${at(master)} ${Math.floor(ids.length / 2) + 1}`,
    `sentinel down-after-milliseconds ${service} ${options.downAfter ?? 500}`,
    `sentinel failover-timeout ${service} 5000`,
    ...replicas.map((replica) => `sentinel known-replica ${service} ${at(replica)}`),
    ...earlier.map((sentinel, index) => `sentinel known-sentinel ${service} ${at(sentinel)} ${ids[index]}`),
  ];
  if (options.password !== undefined) {
    config.push(`sentinel auth-pass ${service} ${JSON.stringify(options.password)}`);
  }
  if (options.sentinelPassword !== undefined) {
    config.push(`sentinel sentinel-pass ${JSON.stringify(options.sentinelPassword)}`);
  }
  if (tls) config.push("tls-replication yes");
  return await startServer({ sentinel: true, tls, password: options.sentinelPassword, config });
}
