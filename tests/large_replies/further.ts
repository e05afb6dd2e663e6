/**
 * Makes a client open its connection for large replies, and starts the servers of these tests.
 *
 * @module
 */
import { after, before, beforeEach } from "node:test";
import type { Redis } from "../../mod.ts";
import { type FaultProxy, startProxy } from "../harness/fault_proxy.ts";
import { type Server, startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

/** A large value, which arrives in many chunks on all runtimes. */
export const VALUE: string = "x".repeat(1_000_000);

/** Sets keys to the large value and reads them, until the client has a second connection and uses it. */
export async function openFurther(redis: Redis, keys: readonly string[]): Promise<void> {
  for (const key of keys) await redis.set(key, VALUE);
  await waitFor("a second connection", async () => {
    for (const key of keys) await redis.get(key);
    return redis.stats().inUse > 1 ? undefined : "there is one";
  });
  for (const key of keys) await redis.get(key);
}

/** A server, and a proxy in front of it. */
export interface ProxiedServer {
  server: Server;
  proxy: FaultProxy;
}

/** Starts both before the tests of a file, and empties the server before each test. The fields are set then. */
export function proxiedServer(): ProxiedServer {
  const place = {} as ProxiedServer;
  before(async () => {
    place.server = await startServer();
    place.proxy = await startProxy({ port: place.server.port });
  });
  after(async () => {
    await place.proxy.stop();
    await place.server.stop();
  });
  beforeEach(() => place.server.cli("FLUSHDB"));
  return place;
}
