/**
 * A master with replicas, watched by sentinels.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { startSentinel } from "./sentinel.ts";
import { chooseBinary, startServer } from "./server.ts";
import type { Server } from "./types.ts";
import { field, waitFor } from "./wait.ts";

/** The options of the servers. */
export interface ReplicatedOptions {
  /** The number of replicas. Default 1. */
  readonly replicas?: number;
  /** The number of sentinels; the quorum is the majority. Default 3; 0: none. */
  readonly sentinels?: number;
  /** The name under which the sentinels know the master. Default `"mymaster"`. */
  readonly service?: string;
  /** Milliseconds of silence after which a sentinel thinks that a server is down. Default 500. */
  readonly downAfter?: number;
  /** Replication and sentinels use TLS; the plain ports of the servers stay open. */
  readonly tls?: boolean;
  /** The password of the servers' default users. */
  readonly password?: string;
  /** The password of the sentinels' default users. */
  readonly sentinelPassword?: string;
  /** Users of the servers, as in ACL files. */
  readonly acl?: readonly string[];
  /** Servers and sentinels are known by the name `localhost` instead of an address (6.2 and later). */
  readonly hostnames?: boolean;
  /** Further lines of configuration for the servers. */
  readonly config?: readonly string[];
}

/** Servers in replication. */
export interface Replicated {
  /** The master at the start. */
  readonly master: Server;
  /** The replicas at the start. */
  readonly replicas: readonly Server[];
  /** The sentinels: `port` is the TLS port's plain twin, as with servers. */
  readonly sentinels: readonly Server[];
  /** The name under which the sentinels know the master. */
  readonly service: string;
  /** Asks the servers for the present master; `undefined` if none replies that it is one. */
  currentMaster(): Promise<Server | undefined>;
  /**
   * Makes the first sentinel start a failover; resolves when it reports another master. A sentinel abandons a failover
   * if the servers are slow, so it is asked again.
   */
  failOver(): Promise<void>;
  /** Ends them all. */
  stop(): Promise<void>;
  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

async function failOver(sentinel: Server, service: string): Promise<void> {
  const address = async () => String(await sentinel.cli("SENTINEL", "GET-MASTER-ADDR-BY-NAME", service));
  const old = await address();
  await waitFor("a failover", async () => {
    if (await address() !== old) return undefined;
    const master = await sentinel.cli("SENTINEL", "MASTER", service) as string[];
    const flags = master[master.indexOf("flags") + 1]!;
    if (!flags.includes("failover_in_progress")) await sentinel.cli("SENTINEL", "FAILOVER", service);
    return `the master is ${flags}`;
  });
}

async function isMaster(server: Server): Promise<boolean> {
  const info = await server.cli("INFO", "replication").catch(() => "");
  return field(info, "role") === "master";
}

async function startServers(options: ReplicatedOptions, started: Server[]): Promise<void> {
  const { tls = false, hostnames = false, password, acl } = options;
  const config = [
    "repl-ping-replica-period 1",
    ...tls ? ["tls-replication yes"] : [],
    // The name may be that of both addresses.
    ...hostnames ? ["bind 127.0.0.1 -::1", "replica-announce-ip localhost"] : [],
    // Also for the master, which is a replica after a failover.
    ...password === undefined ? [] : [`masterauth ${JSON.stringify(password)}`],
    ...options.config ?? [],
  ];
  const master = await startServer({ tls, password, acl, config });
  started.push(master);
  const port = tls ? master.tlsPort : master.port;
  const following = [...config, `replicaof ${hostnames ? "localhost" : "127.0.0.1"} ${port}`];
  const replicas = Array.from({ length: options.replicas ?? 1 }, async () => {
    started.push(await startServer({ tls, password, acl, config: following }));
  });
  const failed = (await Promise.allSettled(replicas)).find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  await waitFor("the replicas to follow their master", async () => {
    const info = String(await master.cli("INFO", "replication"));
    const online = info.match(/^slave\d+:.*state=online/gm)?.length ?? 0;
    return online === replicas.length ? undefined : `${online} of ${replicas.length} are online`;
  });
}

/** Starts a master, replicas and sentinels; resolves when all of them know each other. */
export async function startReplicated(options: ReplicatedOptions = {}): Promise<Replicated> {
  if (chooseBinary({}) === undefined) {
    throw new Error(
      "Cannot start servers in replication without redis-server or valkey-server on this machine.",
    );
  }
  const { service = "mymaster" } = options;
  const servers: Server[] = [];
  const sentinels: Server[] = [];
  const stop = async () => void await Promise.all([...sentinels, ...servers].map((server) => server.stop()));
  try {
    await startServers(options, servers);
    const [master, ...replicas] = servers as [Server, ...Server[]];
    const count = options.sentinels ?? 3;
    const ids = Array.from({ length: count }, () => randomBytes(20).toString("hex"));
    for (const id of ids) {
      sentinels.push(
        await startSentinel({ ...options, id, ids, earlier: sentinels, service, master, replicas }),
      );
    }
    await waitFor("the sentinels to know each other", async () => {
      for (const sentinel of sentinels) {
        const others = (await sentinel.cli("SENTINEL", "SENTINELS", service) as unknown[]).length;
        if (others !== count - 1) return `one knows ${others} of ${count - 1} others`;
        await sentinel.cli("SENTINEL", "CKQUORUM", service);
        const known = await sentinel.cli("SENTINEL", "REPLICAS", service) as string[][];
        // "slave" alone: no "s_down", no "disconnected".
        const up = known.filter((reply) => reply[reply.indexOf("flags") + 1] === "slave").length;
        if (up !== replicas.length) return `one sees ${up} of ${replicas.length} replicas`;
      }
      return undefined;
    });
    return {
      master,
      replicas,
      sentinels,
      service,
      stop,
      [Symbol.asyncDispose]: stop,
      async currentMaster() {
        for (const server of servers) if (await isMaster(server)) return server;
        return undefined;
      },
      failOver: () => failOver(sentinels[0]!, service),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
