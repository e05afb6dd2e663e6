/**
 * Replies as tests write them.
 *
 * @module
 */
import { ErrorReply, MapReply, Raw, type ReplyValue, Simple } from "../reply.ts";
import { toText } from "../types/bytes.ts";
import { toServer } from "./texts.ts";

/**
 * A reply: a string or bytes are a bulk string, a number or bigint an integer, an array an array, a `Map` a map, `null`
 * the null. `{ status }` is a simple string, `{ error }` an error with its code, `{ raw }` bytes that are sent as they are.
 */
export type FaultReply =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | readonly FaultReply[]
  | ReadonlyMap<string, FaultReply>
  | { readonly status: string }
  | { readonly error: string }
  | { readonly raw: string };

/** Converts it into a value for the writer of replies. */
export function toReply(reply: FaultReply): ReplyValue {
  if (typeof reply === "string") return toServer(reply);
  if (reply instanceof Uint8Array) return toText(reply);
  if (typeof reply !== "object" || reply === null) return reply;
  if (Array.isArray(reply)) return reply.map(toReply);
  if (reply instanceof Map) {
    return new MapReply([...reply].flatMap(([name, value]) => [toServer(name), toReply(value)]));
  }
  if ("status" in reply) return new Simple(toServer(reply.status));
  if ("error" in reply) return new ErrorReply(toServer(reply.error));
  return new Raw(toServer((reply as { raw: string }).raw));
}
