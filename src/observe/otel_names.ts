/**
 * Names and attributes by the semantic conventions of OpenTelemetry for databases, and for Redis:
 * https://opentelemetry.io/docs/specs/semconv/db/redis/
 *
 * @module
 */
import { RedisError, ReplyError } from "../errors.ts";
import type { BatchOperation, CommandOperation, Target } from "../observer.ts";
import type { OtelAttributes } from "./otel_api.ts";

/** The commands of a batch; MULTI and EXEC frame them and are none. */
function batched({ names }: BatchOperation): { readonly word: string; readonly names: readonly string[] } {
  if (names[0] !== "MULTI") return { word: "PIPELINE", names };
  return { word: "MULTI", names: names.slice(1, names.at(-1) === "EXEC" ? -1 : undefined) };
}

/** `db.operation.name`: of a batch of one kind of command `"PIPELINE GET"`, of a mixed one `"PIPELINE"`. */
export function nameOf(operation: CommandOperation | BatchOperation): string {
  if (operation.kind === "command") return operation.name;
  const { word, names } = batched(operation);
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
    // By the conventions, one command is no batch.
    const size = batched(operation).names.length;
    if (size > 1) span["db.operation.batch.size"] = size;
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
