/**
 * The steps that look at a cluster: slots, nodes, whether each can be reached by the address that it announces.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import { formatAddress } from "../../topology/format_address.ts";
import { failure, messageOf, ok, type Outcome, type Report, warning } from "./diagnosis.ts";
import { attempt, connectionTo, type Equipment, readInfo, withConnection } from "./subject.ts";

const SLOTS = 16_384;

/** A node, as another one knows it. */
interface KnownNode {
  readonly host: string;
  readonly port: number;
  readonly flags: readonly string[];
}

/** Reads CLUSTER NODES. A node that names no host is reached by the one that was asked. */
function readNodes(text: string, asked: string): KnownNode[] {
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [, address = "", flags = ""] = line.split(" ");
    const [place = "", hostname = ""] = address.split(",");
    const [whole] = place.split("@") as [string];
    const colon = whole.lastIndexOf(":");
    return {
      host: hostname || whole.slice(0, colon) || asked,
      port: Number(whole.slice(colon + 1)),
      flags: flags.split(","),
    };
  }).filter(({ flags, port }) => !flags.includes("noaddr") && port > 0);
}

function examineState(info: ReadonlyMap<string, string>): Outcome {
  const covered = Number(info.get("cluster_slots_assigned") ?? 0);
  const failing = Number(info.get("cluster_slots_fail") ?? 0);
  if (covered < SLOTS) {
    return failure(
      "SLOTS_UNCOVERED",
      `${SLOTS - covered} of ${SLOTS} slots belong to no node`,
      "assign them: redis-cli --cluster fix HOST:PORT",
    );
  }
  if (info.get("cluster_state") !== "ok") {
    return failure(
      "CLUSTER_DOWN",
      `the state of the cluster is "${info.get("cluster_state")}"; the masters of ${failing} slots are down`,
      "start the nodes that are down, or promote their replicas (CLUSTER FAILOVER TAKEOVER)",
    );
  }
  return ok(`all ${SLOTS} slots are served`);
}

/** Addresses that only machines of one network reach. */
const PRIVATE = /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd])/i;

function explainUnreachable(host: string, asked: string): string {
  const natted = PRIVATE.test(host) && host !== asked;
  return natted
    ? "the address is a private one: set cluster-announce-ip on the node (NAT, containers), or use the option addressMap"
    : "check that the node runs, and that this machine may reach its port";
}

interface Reached {
  readonly version: string;
  /** Bytes that the slowest replica of this master is behind. */
  readonly behind: number;
}

async function askNode(options: ResolvedConnectionOptions): Promise<Reached> {
  return await withConnection(options, async (connection) => {
    const info = readInfo(await connection.send(["INFO"]));
    const offset = Number(info.get("master_repl_offset") ?? 0);
    const offsets = [...info].filter(([name]) => /^slave\d+$/.test(name))
      .map(([, value]) => Number(/offset=(\d+)/.exec(value)?.[1] ?? offset));
    const version = info.get("valkey_version") ?? info.get("redis_version") ?? "unknown";
    return { version, behind: info.get("role") === "master" ? offset - Math.min(offset, ...offsets) : 0 };
  });
}

/** Bytes from which on a replica lags. */
const LAG = 1_048_576;

/** Examines the cluster that the node of this connection is part of. */
export async function examineCluster(
  report: Report,
  connection: Connection,
  options: ResolvedConnectionOptions,
  equipment: Equipment,
): Promise<void> {
  const asked = "path" in options.endpoint ? "127.0.0.1" : options.endpoint.host;
  await report.step("slots", async () => examineState(readInfo(await connection.send(["CLUSTER", "INFO"]))));
  const nodes = readNodes(String(await attempt(connection, "CLUSTER", "NODES") ?? ""), asked);
  await report.step("nodes", () => {
    const masters = nodes.filter(({ flags }) => flags.includes("master")).length;
    const failed = nodes.filter(({ flags }) => flags.some((flag) => flag === "fail" || flag === "fail?"));
    const message = `${masters} masters, ${nodes.length - masters} replicas`;
    if (failed.length === 0) return ok(message);
    const list = failed.map(formatAddress).join(", ");
    return warning(
      "NODE_FAILED",
      `${message}; the others cannot reach ${list}`,
      "start these nodes, or forget them",
    );
  });
  const reached: Reached[] = [];
  await Promise.all(
    nodes.filter(({ flags }) => !flags.includes("fail")).map(({ host, port }) =>
      report.step(`node ${formatAddress({ host, port })}`, async () => {
        try {
          const node = await askNode(connectionTo(options, equipment, { host, port, db: 0 }));
          reached.push(node);
          return ok(`reached by the address that it announces, version ${node.version}`);
        } catch (error) {
          return failure("ADDRESS_UNREACHABLE", messageOf(error), explainUnreachable(host, asked));
        }
      })
    ),
  );
  await report.step("versions", () => {
    const versions = [...new Set(reached.map(({ version }) => version))];
    return versions.length < 2 ? ok(versions[0] ?? "unknown") : warning(
      "VERSIONS_DIFFER",
      `the nodes have the versions ${versions.join(", ")}`,
      "finish the upgrade: only what the oldest one knows works everywhere",
    );
  });
  await report.step("replicas", () => {
    const behind = Math.max(0, ...reached.map((node) => node.behind));
    return behind <= LAG ? ok("none is more than 1 MB behind") : warning(
      "REPLICA_LAG",
      `a replica is ${behind} bytes behind`,
      "look at the network, and at repl-backlog-size",
    );
  });
}
