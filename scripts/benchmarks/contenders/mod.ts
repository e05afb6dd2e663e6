/**
 * The clients that are measured against each other.
 *
 * @module
 */
import { runtimeName } from "../runtime.ts";
import type { Contender, Kind, Open, Place } from "./contender.ts";
import { openFloor } from "./floor.ts";
import { openKeywire } from "./keywire.ts";

export type { Contender, Kind, Place } from "./contender.ts";

/** The contenders by name; each is loaded on first use. */
const OPENERS: Readonly<Record<string, Open>> = {
  keywire: openKeywire,
  ioredis: async (kind, place) => (await import("./ioredis.ts")).openIoredis(false)(kind, place),
  autopipelined: async (kind, place) => (await import("./ioredis.ts")).openIoredis(true)(kind, place),
  "node-redis": async (kind, place) => (await import("./node_redis.ts")).openNodeRedis(kind, place),
  bun: async (kind, place) => (await import("./bun_native.ts")).openBunNative(kind, place),
  floor: openFloor,
  glide: async (kind, place) => (await import("./glide.ts")).openGlide(kind, place),
};

/** Returns the contenders of a runtime, this library first. */
export function contendersOf(runtime: string): readonly string[] {
  const peers = ["keywire", "ioredis", "autopipelined", "node-redis"];
  if (runtime === "bun") return [...peers, "bun"];
  // The native part of valkey-glide supports only Node.
  return runtime === "node" ? [...peers, "glide"] : peers;
}

/** Opens one. */
export async function openContender(name: string, kind: Kind, place: Place): Promise<Contender | undefined> {
  return await OPENERS[name]!(kind, place);
}

/** Opens every contender that this runtime can run and that has this kind, ours first, and no client at all. */
export async function openContenders(kind: Kind, place: Place): Promise<Contender[]> {
  const opened: Contender[] = [];
  for (const name of [...contendersOf(runtimeName()), "floor"]) {
    const contender = await openContender(name, kind, place);
    if (contender !== undefined) opened.push(contender);
  }
  return opened;
}
