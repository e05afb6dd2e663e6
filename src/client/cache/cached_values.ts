/**
 * Cached replies: copies, sizes, ids.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { keysOf } from "../../commands/keys.ts";
import { beginObject, finishObject, setField } from "../../resp/objects.ts";
import { RedisError } from "../../errors.ts";
import { type Arg, DecodeMode, type Reply } from "../../resp/types.ts";
import { keyOf, keyOfBytes } from "../pubsub/channel_key.ts";

/** Returns whether a reply is immutable and needs no copy. */
export function isImmutable(reply: Reply): boolean {
  return typeof reply !== "object" || reply === null;
}

/** Returns a deep copy. Callers may change what a hit returns; a shared object would change later replies. */
export function copyReply(reply: Reply): Reply {
  if (typeof reply !== "object" || reply === null || reply instanceof Error) return reply;
  if (reply instanceof Uint8Array) return reply.slice();
  if (Array.isArray(reply)) return reply.map(copyReply);
  if (reply instanceof Map) {
    const map = new Map<Reply, Reply>();
    for (const [key, value] of reply) map.set(copyReply(key), copyReply(value));
    return map;
  }
  const fields = Object.entries(reply as Record<string, Reply>);
  const object = beginObject<Reply>(fields.length);
  for (const [name, value] of fields) setField(object, name, copyReply(value));
  return finishObject(object);
}

/** Returns the approximate size of a reply in bytes: one byte for each character, and a fixed cost for each value. */
export function sizeOf(reply: Reply): number {
  if (typeof reply === "string") return 24 + reply.length;
  if (typeof reply !== "object" || reply === null) return 8;
  if (reply instanceof Uint8Array) return 64 + reply.length;
  let size = 64;
  if (Array.isArray(reply)) { for (const value of reply) size += sizeOf(value); }
  else if (reply instanceof Map) { for (const [key, value] of reply) size += sizeOf(key) + sizeOf(value); }
  else {
    for (const [name, value] of Object.entries(reply as Record<string, Reply>)) {
      size += 24 + name.length + sizeOf(value);
    }
  }
  return size;
}

/** The keys of a command, as names by which replies are found. */
export function keyNames(command: Command): string[] {
  return keysOf(command).map(nameOf);
}

/** All arguments of a command, as if each were a key. */
export function argumentNames({ args }: Command): string[] {
  return args.map(nameOf);
}

function nameOf(key: Arg): string {
  return typeof key === "string" || key instanceof Uint8Array ? keyOf(key) : String(key);
}

/** The name of a command with its arguments, for replies in this mode. Different ones have different names. */
export function idOf({ spec, args }: Command, mode: number): string {
  // The fast path: a single argument needs no length prefix.
  if (args.length === 1 && typeof args[0] === "string") return `${spec.name} ${mode} ${args[0]}`;
  let id = `${spec.name} ${mode}`;
  for (const arg of args) {
    const text = written(arg);
    id += `\0${arg instanceof Uint8Array ? "b" : ""}${text.length}:${text}`;
  }
  return id;
}

function written(arg: Arg): string {
  return typeof arg === "string" ? arg : arg instanceof Uint8Array ? keyOfBytes(arg) : String(arg);
}

/** Returns a reply as callers get it, copied if it is kept or shared. */
export function finish(reply: Reply, { spec, parse }: Command, mode: number): Promise<unknown> {
  const copy = copyReply(reply);
  if (parse === undefined) return Promise.resolve(copy);
  try {
    return Promise.resolve(parse(copy, (mode & DecodeMode.bytes) !== 0));
  } catch (cause) {
    const message = `Cannot make the reply of ${spec.name} into its type`;
    return Promise.reject(new RedisError(message, { code: "UNEXPECTED_REPLY", executed: "yes", cause }));
  }
}
