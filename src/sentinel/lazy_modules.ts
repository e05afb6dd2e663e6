/**
 * The modules for connections through sentinels, loaded on first use and split off by bundlers. They share one entry,
 * because each entry splits the main code into smaller chunks, which compress less well.
 *
 * @module
 */
export { SentinelClient } from "./sentinel_client.ts";
export { ServerFinder } from "./server_finder.ts";
export { ReplicaReader } from "./replica_reader.ts";
