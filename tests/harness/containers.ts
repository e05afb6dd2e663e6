/**
 * A server in a container with mapped ports, as users run it. Uses `testcontainers`, which is loaded on demand.
 *
 * Such servers can be nodes of a cluster: they use and announce the addresses of the containers. Unsupported options
 * (a shared Unix socket, a chosen port) throw and are named.
 *
 * @module
 */
import { programOf } from "./binaries.ts";
import { readInfo } from "./borrowed.ts";
import { certificates } from "./certificates.ts";
import { takeOver } from "./container_daemon.ts";
import { containerImage, loadTestcontainers } from "./engine.ts";
import { rawCommand, type RawReply } from "./raw.ts";
import type { Server, ServerOptions } from "./types.ts";

const PLAIN = 6379;
const SECURE = 6380;

function words(line: string): string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
}

/** Starts a server in a container; see `startServer`. */
export async function startContainer(options: ServerOptions): Promise<Server> {
  for (const name of ["unix", "sentinel", "binary", "port"] as const) {
    if (options[name]) {
      throw new Error(
        `Cannot give a test the option "${name}" with a server in a container: install redis-server or valkey-server.`,
      );
    }
  }
  const { GenericContainer, Wait } = await loadTestcontainers();
  const { leaf = "server", clients = "no" } = typeof options.tls === "object" ? options.tls : {};
  const certs = options.tls ? await certificates() : undefined;
  const args = [
    "--save",
    "",
    "--appendonly",
    "no",
    "--protected-mode",
    "no",
    "--repl-diskless-sync-delay",
    "0",
  ];
  if (options.cluster) args.push("--cluster-enabled", "yes");
  if (options.password !== undefined) args.push("--requirepass", options.password);
  for (const line of [...options.acl ?? [], ...options.config ?? []]) {
    const [name = "", ...rest] = words(line);
    args.push(`--${name}`, ...rest);
  }
  const image = containerImage();
  let container = new GenericContainer(image)
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
  const started = await container.withCommand([programOf(image), ...args]).start();
  const host = started.getHost() === "localhost" ? "127.0.0.1" : started.getHost();
  const port = started.getMappedPort(PLAIN);
  const cli = (...command: (string | number)[]): Promise<RawReply> => {
    return rawCommand({ host, port, password: options.password }, ...command);
  };
  const daemon = await takeOver(started, []);
  const stop = () => daemon.kill();
  return {
    host,
    port,
    url: `redis://${host}:${port}`,
    path: undefined,
    tlsPort: certs && started.getMappedPort(SECURE),
    inside: { host: started.getIpAddress("bridge"), port: PLAIN, tlsPort: certs && SECURE },
    certificates: certs,
    pid: daemon.pid,
    ...readInfo(await cli("INFO", "server")),
    log: [],
    cli,
    kill: (signal) => daemon.kill(signal),
    restart: () =>
      Promise.reject(new Error("Cannot restart a server in a container: its port would be another.")),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
