/**
 * Names and attributes by the semantic conventions of OpenTelemetry for databases, and for Redis:
 * https://opentelemetry.io/docs/specs/semconv/db/redis/
 *
 * @module
 */
import { RedisError, ReplyError } from "../errors.ts";
import type { BatchOperation, CommandOperation, Target } from "../observer.ts";
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

/** The name of the span: what is done, and to what. The number of a database says too little to stand there. */
export function spanName(operation: CommandOperation | BatchOperation, name: string): string {
  if (operation.kind === "command" && operation.procedure !== undefined) {
    return `${name} ${operation.procedure}`;
  }
  const { address, port } = operation.target;
  return `${name} ${port === undefined ? address : `${address}:${port}`}`;
}

/** Attributes: those that a metric has too, as they take few values, and those of spans alone. */
export function attributesOf(
  operation: CommandOperation | BatchOperation,
  name: string,
): { readonly common: OtelAttributes; readonly span: OtelAttributes } {
  const { address, port, db } = operation.target;
  const common: OtelAttributes = {
    "db.system.name": "redis",
    "db.operation.name": name,
    "db.namespace": String(db),
    "server.address": address,
  };
  if (port !== undefined) common["server.port"] = port;
  const span: OtelAttributes = {};
  if (operation.kind === "command") {
    if (operation.procedure !== undefined) span["db.stored_procedure.name"] = operation.procedure;
  } else {
    if (operation.names.length > 1) span["db.operation.batch.size"] = operation.names.length;
  }
  return { common, span };
}

/** What is told of a failure; `executed` is ours. */
export function errorAttributes(error: unknown): OtelAttributes {
  if (error instanceof RedisError) {
    const told: OtelAttributes = { "error.type": error.code, executed: error.executed };
    if (error instanceof ReplyError) told["db.response.status_code"] = error.code;
    return told;
  }
  return { "error.type": error instanceof Error ? error.name : "_OTHER" };
}

/** `db.client.connection.pool.name`, in the form that the conventions give. */
export function poolName({ address, port, db }: Target): string {
  return `${port === undefined ? address : `${address}:${port}`}/${db}`;
}
