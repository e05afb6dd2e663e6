/**
 * The steps that look at sentinels: what each replies, whether they agree, whether they could fail over.
 *
 * @module
 */
import type { Connection } from "../../connection/connection.ts";
import { resolveOptions } from "../../options.ts";
import type { ResolvedConnectionOptions } from "../../options.ts";
import { readSentinelUrl } from "../../sentinel/url.ts";
import { formatAddress, type ServerAddress } from "../../topology/format_address.ts";
import { failure, messageOf, ok, type Outcome, type Report, warning } from "./diagnosis.ts";
import { examineLogin } from "./login.ts";
import { knock } from "./network.ts";
import { connectionTo, type Equipment } from "./subject.ts";

/** The sentinels and the service of a URL. */
export interface SentinelSubject {
  /** Options of the connection to each sentinel. */
  readonly sentinels: readonly ResolvedConnectionOptions[];
  /** The name of the service. */
  readonly service: string;
  /** Options of connections to servers, but for their address. */
  readonly server: ResolvedConnectionOptions;
}

/** Reads a URL of sentinels. */
export function readSubject(url: string | URL, equipment: Equipment): SentinelSubject {
  const { addresses, service, options } = readSentinelUrl(url, {});
  const { sentinel = {}, addressMap: _map, minOtherSentinels: _others, ...server } = options as Record<
    string,
    object
  >;
  const own = connectionTo(resolveOptions(sentinel), equipment);
  return {
    sentinels: addresses.map((seed) => {
      const { host, port = 26_379 } = seed as { readonly host: string; readonly port?: number };
      return connectionTo(own, equipment, { host, port });
    }),
    service,
    server: connectionTo(resolveOptions(server), equipment),
  };
}

/** Returns the address in a reply of SENTINEL REPLICAS of either protocol. */
function addressOf(reply: unknown): ServerAddress {
  const field = (name: string): unknown =>
    Array.isArray(reply) ? reply[reply.indexOf(name) + 1] : (reply as Record<string, unknown>)[name];
  return { host: String(field("ip")), port: Number(field("port")) };
}

/** Checks whether the replicas can be reached by the addresses that the sentinel announces. */
async function examineReplicas(
  connection: Connection,
  service: string,
  { server }: SentinelSubject,
  equipment: Equipment,
): Promise<Outcome> {
  const replies = await connection.send(["SENTINEL", "REPLICAS", service]) as readonly unknown[];
  const unreachable: string[] = [];
  await Promise.all(
    replies.map(addressOf).map(async (address) => {
      const { endpoint } = connectionTo(server, equipment, address);
      await knock(endpoint, equipment).catch(() => unreachable.push(formatAddress(address)));
    }),
  );
  if (unreachable.length === 0) return ok(`all ${replies.length} can be reached`);
  return failure(
    "ADDRESS_UNREACHABLE",
    `this machine cannot reach ${unreachable.sort().join(", ")}`,
    "set replica-announce-ip and replica-announce-port (NAT, containers), or use the option addressMap",
  );
}

/** Asks one sentinel. */
async function askSentinel(
  connection: Connection,
  service: string,
): Promise<[ServerAddress | undefined, Outcome]> {
  const reply = await connection.send(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", service]) as string[] | null;
  if (reply === null) {
    return [
      undefined,
      failure(
        "UNKNOWN_SERVICE",
        `it does not know the service "${service}"`,
        "check the name: SENTINEL MASTERS lists the services",
      ),
    ];
  }
  const address = { host: reply[0]!, port: Number(reply[1]) };
  try {
    await connection.send(["SENTINEL", "CKQUORUM", service]);
  } catch (error) {
    const outcome = failure(
      "NO_QUORUM",
      `the master is ${formatAddress(address)}; ${messageOf(error)}`,
      "start the sentinels that are down: without a majority nothing fails over",
    );
    return [address, outcome];
  }
  return [address, ok(`the master is ${formatAddress(address)}, and there is a quorum`)];
}

/** Examines the sentinels; the address of the master on which most agree. */
export async function examineSentinels(
  report: Report,
  subject: SentinelSubject,
  equipment: Equipment,
): Promise<ServerAddress | undefined> {
  const { sentinels, service } = subject;
  let asked = false;
  const named = new Map<string, { readonly address: ServerAddress; votes: number }>();
  let reached = 0;
  for (const options of sentinels) {
    const label = `sentinel ${String(options).replace(/^\w+:\/\/(?:[^@]*@)?/, "").replace(/\/.*$/, "")}`;
    const connection = await examineLogin(report, options, equipment, `${label} `);
    if (connection === undefined) continue;
    reached++;
    await report.step(label, async () => {
      const [address, outcome] = await askSentinel(connection, service);
      if (address !== undefined) {
        const key = formatAddress(address);
        const known = named.get(key);
        if (known === undefined) named.set(key, { address, votes: 1 });
        else known.votes++;
      }
      return outcome;
    });
    if (!asked && named.size > 0) {
      asked = true;
      await report.step("replicas", () => examineReplicas(connection, service, subject, equipment));
    }
    connection.disconnect();
  }
  const sorted = [...named.values()].sort((one, other) => other.votes - one.votes);
  await report.step("agreement", () => {
    if (sorted.length === 0) {
      return failure(
        "NO_MASTER",
        "no sentinel names a master",
        "start the sentinels, and check the name of the service",
      );
    }
    if (sorted.length === 1) return ok(`all ${reached} sentinels that reply name the same master`);
    const list = [...named.keys()].join(" and ");
    return warning(
      "SENTINELS_DISAGREE",
      `the sentinels name ${list}`,
      "wait: a failover may be going on; else restart the odd one",
    );
  });
  return sorted[0]?.address;
}
