/**
 * Readers of the texts that servers write for people: INFO, CLIENT LIST, CLUSTER NODES.
 *
 * @module
 */
import { setField } from "../resp/objects.ts";
import { text } from "./replies.ts";

/** The sections of INFO, each a plain object of its fields, as text. */
export type Info = Record<string, Record<string, string>>;

/** A connection of CLIENT LIST: its fields as text (`id`, `addr`, `name`, `age`, `idle`, `flags`, `db`, `cmd`, `user`, ...). */
export type ClientInfo = Record<string, string>;

/** A node of CLUSTER NODES. */
export interface ClusterNode {
  /** Its id. */
  id: string;
  /** Its address; empty where it is unknown. */
  host: string;
  /** The port for clients. */
  port: number;
  /** The port of the cluster bus; 0 if unknown. */
  busPort: number;
  /** Its name, where it has one. */
  hostname?: string;
  /** `myself`, `master`, `slave`, `fail?`, `fail`, `handshake`, `noaddr`, `nofailover`. */
  flags: string[];
  /** The id of its master; null for masters. */
  master: string | null;
  /** Unix time in milliseconds when a ping was sent that is not answered yet; 0 where there is none. */
  pingSent: number;
  /** Unix time in milliseconds when the last pong came. */
  pongReceived: number;
  /** Its configuration epoch. */
  epoch: number;
  /** Whether the link to it stands. */
  connected: boolean;
  /** The slots that it serves: `[first, last]`. */
  slots: [first: number, last: number][];
  /** Slots on their way: to (`migrating`) or from (`importing`) another node. */
  moving: { slot: number; state: "importing" | "migrating"; node: string }[];
}

function lines(written: string | Uint8Array): string[] {
  return text(written).split(/\r?\n/).filter((line) => line !== "");
}

/** Reads the reply of INFO. */
export function parseInfo(written: string | Uint8Array): Info {
  const info = new Map<string, Record<string, string>>();
  let section: Record<string, string> | undefined;
  const begin = (name: string): Record<string, string> => {
    if (!info.has(name)) info.set(name, {});
    return info.get(name)!;
  };
  for (const line of lines(written)) {
    if (line.startsWith("#")) {
      section = begin(line.slice(1).trim().toLowerCase());
      continue;
    }
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    setField(section ??= begin(""), line.slice(0, colon), line.slice(colon + 1));
  }
  return Object.fromEntries(info);
}

/** Reads the reply of CLIENT LIST or CLIENT INFO. */
export function parseClientList(written: string | Uint8Array): ClientInfo[] {
  return lines(written).map((line) => {
    const client: ClientInfo = {};
    for (const [, name, value] of line.matchAll(/(\S+?)=(\S*)/g)) setField(client, name!, value!);
    return client;
  });
}

/** Reads the reply of CLUSTER NODES or CLUSTER REPLICAS. */
export function parseClusterNodes(written: string | Uint8Array): ClusterNode[] {
  return lines(written).map((line) => {
    const [id, address, flags, master, pingSent, pongReceived, epoch, link, ...ranges] = line.split(" ");
    const [, host, port, busPort, names] = /^(.*):(\d+)(?:@(\d+))?(?:,(.*))?$/.exec(address ?? "") ?? [];
    const hostname = names?.split(",")[0];
    const node: ClusterNode = {
      id: id!,
      host: host ?? "",
      port: Number(port ?? 0),
      busPort: Number(busPort ?? 0),
      ...(hostname ? { hostname } : {}),
      flags: (flags ?? "").split(","),
      master: master === "-" || master === undefined ? null : master,
      pingSent: Number(pingSent),
      pongReceived: Number(pongReceived),
      epoch: Number(epoch),
      connected: link === "connected",
      slots: [],
      moving: [],
    };
    for (const range of ranges) {
      const [, slot, arrow, other] = /^\[(\d+)-([<>])-(.+)\]$/.exec(range) ?? [];
      if (slot !== undefined) {
        node.moving.push({
          slot: Number(slot),
          state: arrow === "<" ? "importing" : "migrating",
          node: other!,
        });
        continue;
      }
      const [first, last = first] = range.split("-").map(Number);
      node.slots.push([first!, last!]);
    }
    return node;
  });
}
