/**
 * What few programs need: loaded when it is first called, and by bundlers put aside. One door for all of it, as every
 * door cuts what is loaded at once into further pieces, which compress less well.
 *
 * @module
 */
export { CacheAside } from "./cache/cache_aside.ts";
export { iterate, scanKeys } from "./commands/iterate.ts";
export { waitForReplicas } from "./commands/replication_wait.ts";
export { keyspacePattern, readKeyspace } from "./pubsub/keyspace_notifications.ts";
export { watch } from "./pipeline/watch.ts";
export { consume } from "./streams/consume.ts";
export { handle } from "./streams/handle.ts";
export { streamLag } from "./streams/lag.ts";
export { ackMessages } from "./streams/message.ts";
