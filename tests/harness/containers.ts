/**
 * A server in a container, for machines with Docker and without a server program. Through `testcontainers`, which is
 * loaded only here.
 *
 * The image is `KEYWIRE_TEST_IMAGE`, by default `redis:8`. What a container cannot do for a test (a Unix socket
 * shared with it, nodes that reach each other under the addresses that clients use) is refused by name.
 *
 * @module
 */
import process from "node:process";
import { readInfo } from "./borrowed.ts";
import { certificates } from "./certificates.ts";
import { rawCommand, type RawReply } from "./raw.ts";
import type { Server, ServerOptions } from "./types.ts";

const PLAIN = 6379;
const SECURE = 6380;

function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

/** Starts a server in a container; see `startServer`. */
export async function startContainer(options: ServerOptions): Promise<Server> {
  for (const name of ["unix", "cluster", "sentinel", "binary", "port"] as const) {
    if (options[name]) {
      throw new Error(
        `Cannot give a test the option "${name}" with a server in a container: install redis-server or valkey-server.`,
      );
    }
  }
  const { GenericContainer, Wait } = await import("testcontainers");
  const { leaf = "server", clients = "no" } = typeof options.tls === "object" ? options.tls : {};
  const certs = options.tls ? await certificates() : undefined;
  const args = ["--save", "", "--appendonly", "no"];
  if (options.password !== undefined) args.push("--requirepass", options.password);
  for (const line of [...options.acl ?? [], ...options.config ?? []]) {
    const [name = "", ...rest] = words(line);
    args.push(`--${name}`, ...rest);
  }
  let container = new GenericContainer(process.env.KEYWIRE_TEST_IMAGE || "redis:8")
    .withExposedPorts(...certs === undefined ? [PLAIN] : [PLAIN, SECURE])
    .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/));
  if (certs !== undefined) {
    const files = { "ca.crt": certs.ca, "server.crt": certs[leaf].cert, "server.key": certs[leaf].key };
    container = container.withCopyContentToContainer(
      Object.entries(files).map(([name, content]) => ({ content, target: `/tls/${name}`, mode: 0o644 })),
    );
    args.push(
      "--tls-port",
      String(SECURE),
      "--tls-auth-clients",
      clients,
      "--tls-ca-cert-file",
      "/tls/ca.crt",
    );
    args.push("--tls-cert-file", "/tls/server.crt", "--tls-key-file", "/tls/server.key");
  }
  const started = await container.withCommand(["redis-server", ...args]).start();
  const host = started.getHost() === "localhost" ? "127.0.0.1" : started.getHost();
  const port = started.getMappedPort(PLAIN);
  const cli = (...command: (string | number)[]): Promise<RawReply> => {
    return rawCommand({ host, port, password: options.password }, ...command);
  };
  let stopped: Promise<unknown> | undefined;
  const stop = async () => void await (stopped ??= started.stop({ timeout: 0 }));
  const refuse = (what: string) => Promise.reject(new Error(`Cannot ${what} a server in a container.`));
  return {
    host,
    port,
    url: `redis://${host}:${port}`,
    path: undefined,
    tlsPort: certs && started.getMappedPort(SECURE),
    certificates: certs,
    pid: -1,
    ...readInfo(await cli("INFO", "server")),
    log: [],
    cli,
    kill: (signal = "SIGKILL") => signal === "SIGKILL" ? stop() : refuse(`send ${signal} to`),
    restart: () => refuse("restart"),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
