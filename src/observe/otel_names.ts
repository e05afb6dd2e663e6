/**
 * Names and attributes by the semantic conventions of OpenTelemetry for databases, and for Redis:
 * https://opentelemetry.io/docs/specs/semconv/db/redis/
 *
 * @module
 */
import { RedisError, ReplyError } from "../errors.ts";
import type { BatchOperation, CommandOperation, ObservedRoute, Target } from "../observer.ts";
import type { OtelAttributes } from "./otel_api.ts";

/** The attribute that names a pool. */
export const POOL = "db.client.connection.pool.name";

/** `db.operation.name`: of a batch of one kind of command `"PIPELINE GET"`, of a mixed one `"PIPELINE"`. */
export function nameOf(operation: CommandOperation | BatchOperation): string {
  if (operation.kind === "command") return operation.name;
  const { names, atomic } = operation;
  // By the conventions, one command is no batch.
  if (names.length === 1 && !atomic) return names[0]!;
  const word = atomic ? "MULTI" : "PIPELINE";
  const [first] = names;
  return first !== undefined && names.every((name) => name === first) ? `${word} ${first}` : word;
}

/** Returns the name of the span: the operation and its target. A database number alone would not be a useful target. */
export function spanName(operation: CommandOperation | BatchOperation, name: string): string {
  if (operation.kind === "command" && operation.procedure !== undefined) {
    return `${name} ${operation.procedure}`;
  }
  const { address, port } = operation.target;
  return `${name} ${port === undefined ? address : `${address}:${port}`}`;
}

/** Returns the attributes: those with few values, which metrics have as well, and those of spans only. */
export function attributesOf(
  operation: CommandOperation | BatchOperation,
  name: string,
): { readonly common: OtelAttributes; readonly span: OtelAttributes } {
  const { target } = operation;
  const common: OtelAttributes = {
    "db.system.name": "redis",
    "db.operation.name": name,
    "db.namespace": String(target.db),
    ...serverAttributes(target),
  };
  const span: OtelAttributes = {};
  if (operation.kind === "command") {
    if (operation.procedure !== undefined) span["db.stored_procedure.name"] = operation.procedure;
  } else {
    if (operation.names.length > 1) span["db.operation.batch.size"] = operation.names.length;
  }
  return { common, span };
}

/** The server that an operation goes to. */
export function serverAttributes({ address, port }: Pick<Target, "address" | "port">): OtelAttributes {
  return { "server.address": address, ...port !== undefined && { "server.port": port } };
}

/**
 * Returns the attributes that are known at the end of an operation of a cluster's client: `server`, the last node,
 * and custom attributes of spans.
 */
export function routeAttributes(
  { slot, node, redirections }: ObservedRoute,
): { readonly server: OtelAttributes; readonly span: OtelAttributes } {
  const span: OtelAttributes = {};
  if (slot !== undefined) span["keywire.slot"] = slot;
  if (redirections > 0) span["keywire.redirections"] = redirections;
  return { server: node === undefined ? {} : serverAttributes(node), span };
}

/** Returns the attributes of an error; `executed` is a custom one. */
export function errorAttributes(error: unknown): OtelAttributes {
  const told: OtelAttributes = { "error.type": errorType(error) };
  if (error instanceof RedisError) told.executed = error.executed;
  if (error instanceof ReplyError) told["db.response.status_code"] = error.code;
  return told;
}

/** `error.type`. */
export function errorType(error: unknown): string {
  return error instanceof RedisError ? error.code : error instanceof Error ? error.name : "_OTHER";
}

/** `db.client.connection.pool.name`, in the form that the conventions give. */
export function poolName({ address, port, db }: Target): string {
  return `${port === undefined ? address : `${address}:${port}`}/${db}`;
}
