/**
 * Where the connections of some options go, in the words of an observer.
 *
 * @module
 */
import type { Target } from "../observer.ts";
import type { ResolvedConnectionOptions } from "../options.ts";

/** The target of these options. */
export function targetOf({ endpoint, db }: ResolvedConnectionOptions): Target {
  return "path" in endpoint
    ? { address: endpoint.path, port: undefined, db }
    : { address: endpoint.host, port: endpoint.port, db };
}
