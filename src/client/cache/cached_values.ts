/**
 * Replies that are kept: copies for those who may change them, their size, their names.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { keysOf } from "../../commands/keys.ts";
import { beginObject, finishObject, setField } from "../../resp/objects.ts";
import type { Arg, Reply } from "../../resp/types.ts";
import { keyOf, keyOfBytes } from "../pubsub/channel_subscription.ts";

/** Whether nobody can change it: then it needs no copy. */
export function isImmutable(reply: Reply): boolean {
  return typeof reply !== "object" || reply === null;
}

/**
 * A copy all through. A hit hands out what the caller may change, as any reply; were it the kept one, the change
 * would be in all later replies.
 */
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

/** What a reply holds, in bytes, about: characters count as one, and each value has a cost of its own. */
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
  // The frequent case by itself: a single argument needs no lengths to be told from others.
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
