/**
 * Replies of two servers in a form that can be compared: without what is different by chance.
 *
 * @module
 */
import type { RawClient } from "../harness/raw_client.ts";

/** Texts and the names that stand for them. */
export type Names = readonly (readonly [text: string, name: string])[];

/** Returns a reply with the names of nodes in place of their ids and ports, and `*` for times. */
function comparable(reply: unknown, names: Names): unknown {
  if (Array.isArray(reply)) return reply.map((one) => comparable(one, names));
  if (typeof reply === "number") return names.find(([text]) => text === String(reply))?.[1] ?? reply;
  if (typeof reply !== "string") return reply;
  return names.reduce((text, [from, to]) => text.replaceAll(new RegExp(`\\b${from}\\b`, "g"), to), reply);
}

/** Sends a command; returns the reply, or the error with a `-` before it, for comparison. */
export async function ask(client: RawClient, names: Names, args: readonly string[]): Promise<unknown> {
  try {
    return comparable(await client.call(...args), names);
  } catch (error) {
    return comparable(`-${(error as Error).message}`, names);
  }
}

/** Returns the lines of a text. */
export const lines = (text: unknown): string[] => String(text).trim().split(/\r?\n/);
