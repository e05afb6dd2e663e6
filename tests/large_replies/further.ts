/**
 * Makes a client open its connection for large replies.
 *
 * @module
 */
import type { Redis } from "../../mod.ts";
import { waitFor } from "../harness/wait.ts";

/** A large value, which arrives in many chunks on all runtimes. */
export const VALUE: string = "x".repeat(2_000_000);

/** Sets keys to the large value and reads them, until the client has a second connection and uses it. */
export async function openFurther(redis: Redis, keys: readonly string[]): Promise<void> {
  for (const key of keys) await redis.set(key, VALUE);
  await waitFor("a second connection", async () => {
    for (const key of keys) await redis.get(key);
    return redis.stats().inUse > 1 ? undefined : "there is one";
  });
  for (const key of keys) await redis.get(key);
}
