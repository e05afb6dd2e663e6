/**
 * The test server of this library, in the place of a real one: it listens on a port of this process.
 *
 * @module
 */
import { TestServer } from "../../testing.ts";
import { readInfo } from "./borrowed.ts";
import { rawCommand } from "./raw.ts";
import type { Server } from "./types.ts";

/** Presents a server of this process, which listens, as one of the harness. */
export async function asServer(
  one: { readonly url: string; close(): Promise<void> },
  password?: string,
): Promise<Server> {
  const port = Number(new URL(one.url).port);
  const cli = (...args: (string | number)[]) =>
    rawCommand({ port, ...password === undefined ? {} : { password } }, ...args);
  let current = one;
  const stop = () => current.close();
  return {
    host: "127.0.0.1",
    port,
    url: one.url,
    path: undefined,
    tlsPort: undefined,
    certificates: undefined,
    pid: -1,
    ...readInfo(await cli("INFO", "server")),
    log: [],
    cli,
    kill(signal = "SIGKILL") {
      return signal === "SIGKILL" || signal === "SIGTERM"
        ? stop()
        : Promise.reject(new Error(`The test server does not take ${signal}.`));
    },
    async restart() {
      await stop();
      current = await listen(port, password);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function listen(port: number, password: string | undefined): Promise<TestServer> {
  const server = new TestServer({ logLimit: 0, password });
  await server.listen({ port });
  return server;
}

/** Starts the test server. */
export async function startTestServer({ password }: { readonly password?: string } = {}): Promise<Server> {
  return await asServer(await listen(0, password), password);
}
