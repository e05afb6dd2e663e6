/**
 * Rarely used modules, loaded on first use and split off by bundlers. They share one entry, because each entry splits
 * the main code into smaller chunks, which compress less well.
 *
 * @module
 */
export { CacheAside } from "./cache/cache_aside.ts";
export { acknowledge } from "./commands/acknowledgement.ts";
export { LargeReads } from "./connections/large_reads.ts";
export { iterate, scanKeys } from "./commands/iterate.ts";
export { readMonitorLine } from "./commands/monitor_line.ts";
export { noteServer, waitForReplicas } from "./commands/replication_wait.ts";
export { keyspacePattern, readKeyspace } from "./pubsub/keyspace_notifications.ts";
export { watch } from "./pipeline/watch.ts";
export { consume } from "./streams/consume.ts";
export { handle } from "./streams/handle.ts";
export { streamLag } from "./streams/lag.ts";
export { ackMessages } from "./streams/message.ts";
export { outcomeOf } from "./once/outcome.ts";
