/**
 * Parses replies of sentinels strictly: a master that is down or disconnected is not accepted.
 *
 * @module
 */
import { ReplyError } from "../errors.ts";
import type { Reply } from "../resp/types.ts";
import type { AddressFunction } from "../topology/address_map.ts";
import { formatAddress, type ServerAddress } from "../topology/format_address.ts";

const UNKNOWN = "it does not know this service";

/** A master as a sentinel knows it. */
export interface MasterAnswer {
  /** The reachable address. */
  readonly address: ServerAddress;
  /** The version of the sentinel's knowledge: it grows with each failover. */
  readonly epoch: number;
}

/** A replica as a sentinel knows it. */
export interface ReplicaAnswer {
  /** The reachable address. */
  readonly address: ServerAddress;
  /** Whether its own link to the master stands. */
  readonly linked: boolean;
  /** Whether the sentinel is connected to it; it is not right behind a failover. */
  readonly sure: boolean;
}

/** Another sentinel, as one knows it. */
export interface OtherSentinel {
  /** The reachable address. */
  readonly address: ServerAddress;
  /** Its identity. */
  readonly id: string | undefined;
}

const DOUBTS: readonly string[] = ["s_down", "o_down", "disconnected"];

/** The reason why a reply is not accepted. Its message is part of the caller's error. */
export class InvalidAnswer extends Error {
  override readonly name: string = "InvalidAnswer";
  /** The sentinel does not watch this service at all. */
  readonly unknown: boolean;

  /** Creates an error with a reason. */
  constructor(message: string, unknown = false) {
    super(message);
    this.unknown = unknown;
  }
}

type Fields = Readonly<Record<string, string>>;

/** Fields and values in turn (RESP2), or as an object (RESP3). */
function fieldsOf(reply: Reply): Fields {
  if (Array.isArray(reply)) {
    const pairs: [string, string][] = [];
    for (let index = 0; index + 1 < reply.length; index += 2) {
      pairs.push([String(reply[index]), String(reply[index + 1])]);
    }
    return Object.fromEntries(pairs);
  }
  if (typeof reply === "object" && reply !== null && !(reply instanceof Map)) {
    return Object.fromEntries(Object.entries(reply).map(([name, value]) => [name, String(value)]));
  }
  return {};
}

/** The first error among replies is thrown. */
function orThrow(reply: Reply | Error | undefined): Reply {
  if (reply instanceof Error) throw reply;
  return reply ?? null;
}

function addressOf(host: unknown, port: unknown, mapAddress: AddressFunction): ServerAddress {
  const number = Number(port);
  if (typeof host !== "string" || host === "" || !(number > 0 && number < 65_536)) {
    throw new InvalidAnswer("it gave something that is no address");
  }
  return mapAddress({ host, port: number });
}

function doubtsOf(fields: Fields): string[] {
  const flags = (fields.flags ?? "").split(",");
  return DOUBTS.filter((doubt) => flags.includes(doubt));
}

/** The commands whose replies are read by `readMaster` (the first two), `readOthers` (the third), and the sentinel's id. */
export function masterCommands(service: string): string[][] {
  return [
    ["SENTINEL", "GET-MASTER-ADDR-BY-NAME", service],
    ["SENTINEL", "MASTER", service],
    ["SENTINEL", "SENTINELS", service],
    ["SENTINEL", "MYID"],
  ];
}

/**
 * Parses the address of the master. During a failover the two replies differ: the address is the new one, while the
 * flags are those of the old master. After a failover a sentinel is not connected to the new master yet; this is
 * accepted if the address is `trusted`, from another source.
 *
 * @throws {InvalidAnswer} if the master is unknown, down, disconnected, or watched by too few sentinels.
 */
export function readMaster(
  replies: readonly (Reply | Error)[],
  mapAddress: AddressFunction,
  minOthers: number,
  trusted?: ServerAddress,
): MasterAnswer {
  const address = orThrow(replies[0]);
  if (address === null) throw new InvalidAnswer(UNKNOWN, true);
  if (!Array.isArray(address)) throw new InvalidAnswer("it gave something that is no address");
  const [host, port] = address;
  const fields = fieldsOf(orThrow(replies[1]));
  const announced = addressOf(host, port, (same) => same);
  const others = Number(fields["num-other-sentinels"] ?? 0);
  if (others < minOthers) {
    throw new InvalidAnswer(`it knows ${others} other sentinels, and ${minOthers} are wanted`);
  }
  const mapped = mapAddress(announced);
  if (fields.ip === host && fields.port === String(port)) {
    const same = trusted !== undefined && formatAddress(mapped) === formatAddress(trusted);
    const doubts = doubtsOf(fields).filter((doubt) => !(same && doubt === "disconnected"));
    if (doubts.length > 0) {
      throw new InvalidAnswer(`the master ${formatAddress(announced)} is ${doubts.join(", ")}`);
    }
  }
  const epoch = Number(fields["config-epoch"]);
  return { address: mapped, epoch: Number.isFinite(epoch) ? epoch : 0 };
}

/** Reads which replicas are not down; those whose link to the master stands come first. */
export function readReplicas(reply: Reply | Error | undefined, mapAddress: AddressFunction): ReplicaAnswer[] {
  if (reply instanceof ReplyError && /no such master/i.test(reply.message)) {
    throw new InvalidAnswer(UNKNOWN, true);
  }
  const list = orThrow(reply);
  if (!Array.isArray(list)) throw new InvalidAnswer("it gave something that is no list of replicas");
  return list.map((entry) => fieldsOf(entry as Reply))
    .filter((fields) => doubtsOf(fields).every((doubt) => doubt === "disconnected"))
    .map((fields) => ({
      address: addressOf(fields.ip, fields.port, mapAddress),
      linked: fields["master-link-status"] !== "err",
      sure: doubtsOf(fields).length === 0,
    }))
    .sort((one, other) => Number(other.linked) - Number(one.linked));
}

/** Parses the list of other sentinels. Invalid addresses are skipped. */
export function readOthers(reply: Reply | Error | undefined, mapAddress: AddressFunction): OtherSentinel[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry) => {
    const { ip, port, runid } = fieldsOf(entry as Reply);
    try {
      return [{ address: addressOf(ip, port, mapAddress), id: runid }];
    } catch {
      return [];
    }
  });
}
