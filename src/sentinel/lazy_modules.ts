/**
 * What a program needs once it connects by sentinels: loaded then, and by bundlers put aside. One door for all of it, as
 * every door cuts what is loaded at once into further pieces, which compress less well.
 *
 * @module
 */
export { SentinelClient } from "./sentinel_client.ts";
export { ServerFinder } from "./server_finder.ts";
export { ReplicaReader } from "./replica_reader.ts";
