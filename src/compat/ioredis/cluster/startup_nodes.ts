/**
 * The addresses of startup nodes. Names are resolved as the options define.
 *
 * @module
 */
import {
  type ClusterOptions,
  isAddress,
  type NodeOptions,
  normalizeNodes,
  type SrvRecord,
} from "./options.ts";

function lookup(options: ClusterOptions, host: string): Promise<string> {
  const { dnsLookup } = options;
  if (typeof dnsLookup !== "function") return Promise.resolve(host);
  return new Promise((resolve, reject) => {
    dnsLookup(host, (error, address) => error ? reject(error) : resolve(address));
  });
}

/** Removes a record from those of one priority, by weight. */
function takeRecord(records: SrvRecord[]): SrvRecord {
  let left = Math.random() * records.reduce((sum, { weight }) => sum + weight + 1, 0);
  const found = records.findIndex(({ weight }) => (left -= weight + 1) < 0);
  return records.splice(Math.max(found, 0), 1)[0]!;
}

async function lookupService(options: ClusterOptions, name: string): Promise<{ host: string; port: number }> {
  const { resolveSrv } = options;
  if (typeof resolveSrv !== "function") {
    throw new TypeError("Cannot use the option `useSRVRecords` without `resolveSrv`");
  }
  const records = await new Promise<SrvRecord[]>((resolve, reject) => {
    resolveSrv(name, (error, found) => error ? reject(error) : resolve([...found ?? []]));
  });
  let last: unknown;
  while (records.length > 0) {
    const first = Math.min(...records.map(({ priority }) => priority));
    const group = records.filter(({ priority }) => priority === first);
    const record = takeRecord(group);
    records.splice(records.indexOf(record), 1);
    try {
      return { host: await lookup(options, record.name), port: record.port };
    } catch (error) {
      last = error;
    }
  }
  throw last;
}

/**
 * Resolves with the options of startup nodes.
 *
 * @throws {Error} when there is none, or a name cannot be resolved.
 */
export async function resolveStartupNodes(
  startupNodes: readonly unknown[],
  options: ClusterOptions,
): Promise<NodeOptions[]> {
  if (!Array.isArray(startupNodes) || startupNodes.length === 0) {
    throw new Error("`startupNodes` should contain at least one node.");
  }
  const nodes = normalizeNodes(startupNodes);
  const names = [...new Set(nodes.map(({ host }) => host).filter((host) => !isAddress(host)))];
  const resolved = new Map(
    await Promise.all(names.map(async (name) =>
      [
        name,
        options.useSRVRecords ? await lookupService(options, name) : { host: await lookup(options, name) },
      ] as const
    )),
  );
  return nodes.map((node) => ({ ...node, ...resolved.get(node.host) }));
}
