/**
 * All groups of commands.
 *
 * @module
 */
import type { CommandGroup } from "../registry.ts";
import { connection } from "./connection.ts";
import { expiry } from "./expire.ts";
import { keys } from "./keys.ts";
import { strings } from "./strings.ts";

/** All groups. */
export const GROUPS: readonly CommandGroup[] = [strings, keys, expiry, connection];
