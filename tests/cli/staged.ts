/**
 * Servers of all kinds with something wrong about them, in this process.
 *
 * @module
 */
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { diagnose, type Diagnosis } from "../../cli.ts";
import { TestServer, type TestServerOptions } from "../../testing.ts";
import type { Leaf } from "../harness/certificates.ts";

/** The password of all servers that have one. */
export const SECRET = "s3cr3t-of-this-test";

/** Diagnoses with few PINGs. */
export function look(url: string, pings = 3, timeout = 4_000): Promise<Diagnosis> {
  return diagnose(url, { pings, timeout });
}

/** Diagnoses a test server after `stage` has been at it. */
export async function lookAt(
  options: TestServerOptions,
  stage: (server: TestServer) => unknown = () => {},
  change: (url: string) => string = (url) => url,
): Promise<Diagnosis> {
  await using server = new TestServer(options);
  const { url } = await server.listen();
  await stage(server);
  return await look(change(url));
}

/** Diagnoses a test server whose INFO has these fields. */
export function lookAtInfo(fields: Readonly<Record<string, string | number>>): Promise<Diagnosis> {
  const text = Object.entries({ redis_version: "7.0.15", role: "master", ...fields })
    .map(([name, value]) => `${name}:${value}\r\n`).join("");
  return lookAt({}, (server) => server.faults.replyNext("INFO", text, { times: Infinity }));
}

async function listening(
  server: NetServer,
  sockets: ReadonlySet<Socket>,
  use: (port: number) => Promise<Diagnosis>,
): Promise<Diagnosis> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use((server.address() as { port: number }).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}

/** Diagnoses a server that shows a certificate, and says nothing. */
export function lookAtTls(leaf: Leaf, use: (port: number) => Promise<Diagnosis>): Promise<Diagnosis> {
  const sockets = new Set<Socket>();
  const server = createTlsServer({ cert: leaf.cert, key: leaf.key });
  server.on(
    "secureConnection",
    (socket) => socket.on("error", () => {}).on("end", () => socket.end()).resume(),
  );
  server.on("tlsClientError", () => {});
  server.on("connection", (socket) => sockets.add(socket));
  return listening(server, sockets, use);
}

/** Diagnoses a server that says one thing and closes: at once, or behind what it is sent. */
export function lookAtText(text: string, first: "greets" | "replies"): Promise<Diagnosis> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (first === "greets") socket.end(text);
    else socket.once("data", () => socket.end(text));
  });
  return listening(server, sockets, (port) => look(`redis://127.0.0.1:${port}`));
}
