/**
 * Options: what users give, and what it comes to. One precedence (object over URL over default), one validation.
 *
 * @module
 */
export type * from "./options/types.ts";
export type * from "./options/credentials.ts";
export { isStreaming } from "./options/credentials.ts";
export type { ReconnectPolicy, ResolvedConnectionOptions } from "./options/resolved.ts";
