/**
 * Connects that are given up at any moment leave no socket behind.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";
import { it } from "node:test";
import { Redis } from "../../mod.ts";
import { waitFor } from "../harness/wait.ts";

it("two thousand connects that are aborted at any moment leave no socket", { timeout: 60_000 }, async () => {
  const open = new Set<Socket>();
  const listener = createServer((socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {});
    socket.resume();
  });
  const port = await new Promise<number>((resolve) =>
    listener.listen(0, "127.0.0.1", () => resolve((listener.address() as { port: number }).port))
  );
  const redis = new Redis({ host: "127.0.0.1", port, retry: false });
  for (let count = 0; count < 2_000; count++) {
    const controller = new AbortController();
    const acquired = redis.pool.acquire({ signal: controller.signal }).catch(() => {});
    if (count % 2 === 1) await new Promise((resolve) => setTimeout(resolve, 0));
    else for (let turn = 0; turn < count % 16; turn++) await Promise.resolve();
    controller.abort();
    await acquired;
  }
  await waitFor(
    "all sockets to close",
    () => Promise.resolve(open.size === 0 ? undefined : `${open.size} are open`),
    10_000,
  );
  await redis.close();
  listener.close();
});
