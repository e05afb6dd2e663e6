/**
 * The option `readFrom`: selects the server of a master and its replicas that a read is sent to.
 *
 * @module
 */
import { wrongType } from "../options/option_errors.ts";
import { choice, type Kind, text } from "../options/value_kinds.ts";
import { isPlain, unknownField } from "../options/nested_options.ts";

/** Reads near the client: a replica in its zone, else the master in its zone, else any server. */
export interface ReadFromZone {
  /** The availability zone of this client. */
  readonly zone: string;
  /**
   * The zones of the servers by `"host:port"` or `"host"`, as this client connects to them. Default: the zone that
   * each server announces (Valkey's `availability-zone`).
   */
  readonly zones?: Readonly<Record<string, string>>;
}

/**
 * The servers that receive read-only commands: the master; replicas only; replicas with the master as a fallback; any
 * server in rotation; the server with the lowest latency; or servers in the client's zone.
 */
export type ReadFrom = "master" | "replica" | "preferReplica" | "any" | "nearest" | ReadFromZone;

/** A server that a read can be sent to. */
export interface ReadTarget {
  /** Whether a read that is sent now can be expected to arrive. */
  readonly ready: boolean;
  /** The latency of a PING in milliseconds, if measured. */
  readonly latency: number | undefined;
  /** The availability zone, if known. */
  readonly zone: string | undefined;
  /** Starts to reconnect a server that is not ready. */
  wake?(): void;
}

const WORDS = choice("master", "replica", "preferReplica", "any", "nearest");
const WANTED = '"master", "replica", "preferReplica", "any", "nearest" or { zone, zones? }';

/** Checks the name of an availability zone. */
export const zoneName: Kind = text("text of visible ASCII characters without blanks", /^[\x21-\x7e]+$/);

/** Checks the option `readFrom`. */
export const readFrom: Kind = {
  check(value, name) {
    if (typeof value === "string") return WORDS.check(value, name);
    if (!isPlain(value)) throw wrongType(name, WANTED, value);
    for (const field of Object.keys(value)) {
      if (field !== "zone" && field !== "zones") throw unknownField(name, field, ["zone", "zones"]);
    }
    const zone = zoneName.check(value.zone, `${name}.zone`) as string;
    const { zones } = value;
    if (zones === undefined) return Object.freeze({ zone });
    if (!isPlain(zones)) throw wrongType(`${name}.zones`, "{ [address]: zone }", zones);
    const entries = Object.entries(zones).map(([address, one]) =>
      [address.toLowerCase(), zoneName.check(one, `${name}.zones`) as string] as const
    );
    return Object.freeze({ zone, zones: Object.freeze(Object.fromEntries(entries)) });
  },
  parse: (word) => word,
  fields: { zone: zoneName },
};
