/**
 * All groups of commands.
 *
 * @module
 */
import type { CommandGroup } from "../registry.ts";
import { client } from "./client.ts";
import { clientTracking } from "./client_tracking.ts";
import { connection } from "./connection.ts";
import { expiry } from "./expire.ts";
import { hashExpiry } from "./hash_expiry.ts";
import { hashes } from "./hashes.ts";
import { keys } from "./keys.ts";
import { lists } from "./lists.ts";
import { listsBlocking } from "./lists_blocking.ts";
import { objects } from "./objects.ts";
import { pubsub } from "./pubsub.ts";
import { scans } from "./scan.ts";
import { serverCommands } from "./server.ts";
import { sets } from "./sets.ts";
import { sortedSets } from "./sorted_sets.ts";
import { sortedSetCombinations } from "./sorted_sets_combine.ts";
import { sortedSetPops } from "./sorted_sets_pop.ts";
import { sortedSetRanges } from "./sorted_sets_range.ts";
import { strings } from "./strings.ts";
import { transactions } from "./transactions.ts";

/** All groups. */
export const GROUPS: readonly CommandGroup[] = [
  strings,
  keys,
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
  transactions,
  pubsub,
  connection,
  client,
  clientTracking,
  objects,
  serverCommands,
];
