/**
 * All groups of commands.
 *
 * @module
 */
import type { CommandGroup } from "../registry.ts";
import { acl } from "./acl.ts";
import { bitfields } from "./bitfields.ts";
import { bitmaps } from "./bitmaps.ts";
import { client } from "./client.ts";
import { clientTracking } from "./client_tracking.ts";
import { clusterDisabled } from "./cluster_disabled.ts";
import { commandCommands } from "./command.ts";
import { connection } from "./connection.ts";
import { dumping } from "./dump.ts";
import { expiry } from "./expire.ts";
import { functionCommands } from "./functions.ts";
import { geo } from "./geo.ts";
import { hashExpiry } from "./hash_expiry.ts";
import { hashes } from "./hashes.ts";
import { hyperLogLogs } from "./hyperloglog.ts";
import { keys } from "./keys.ts";
import { latencyCommands } from "./latency.ts";
import { lists } from "./lists.ts";
import { listsBlocking } from "./lists_blocking.ts";
import { migration } from "./migrate.ts";
import { objects } from "./objects.ts";
import { pubsub } from "./pubsub.ts";
import { scans } from "./scan.ts";
import { scripts } from "./scripts.ts";
import { serverCommands } from "./server.ts";
import { sets } from "./sets.ts";
import { sortedSets } from "./sorted_sets.ts";
import { sortedSetCombinations } from "./sorted_sets_combine.ts";
import { sortedSetPops } from "./sorted_sets_pop.ts";
import { sortedSetRanges } from "./sorted_sets_range.ts";
import { sorting } from "./sort.ts";
import { streams } from "./streams.ts";
import { streamClaims } from "./streams_claim.ts";
import { streamGroups } from "./streams_groups.ts";
import { streamReads } from "./streams_read.ts";
import { strings } from "./strings.ts";
import { transactions } from "./transactions.ts";

/** All groups. */
export const GROUPS: readonly CommandGroup[] = [
  strings,
  keys,
  dumping,
  migration,
  expiry,
  scans,
  lists,
  listsBlocking,
  hashes,
  hashExpiry,
  sets,
  sortedSets,
  sortedSetRanges,
  sortedSetCombinations,
  sortedSetPops,
  streams,
  streamReads,
  streamGroups,
  streamClaims,
  bitmaps,
  bitfields,
  hyperLogLogs,
  geo,
  sorting,
  transactions,
  scripts,
  functionCommands,
  pubsub,
  connection,
  client,
  clientTracking,
  objects,
  latencyCommands,
  serverCommands,
  acl,
  commandCommands,
  clusterDisabled,
];
