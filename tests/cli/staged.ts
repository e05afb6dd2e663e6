/**
 * Servers of all kinds with something wrong about them, in this process.
 *
 * @module
 */
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import {
  diagnose,
  type DiagnoseOptions,
  type Diagnosis,
  type NetworkInspector,
  type Transport,
} from "../../cli.ts";
import { TimeoutError } from "../../mod.ts";
import { TestServer, type TestServerOptions } from "../../testing.ts";
import type { Leaf } from "../harness/certificates.ts";

/** The password of all servers that have one. */
export const SECRET = "s3cr3t-of-this-test";

/** Sees no TLS at any server. */
export const NO_HANDSHAKE: NetworkInspector = {
  resolve: (host) => Promise.resolve([host]),
  inspectTls: () => Promise.reject(new Error("no handshake")),
};

/** Diagnoses with few PINGs. Limits are long, as the machine may be busy. */
export function look(url: string, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  return diagnose(url, { pings: 3, timeout: 30_000, ...options });
}

/** Diagnoses a server that accepts connections and does not reply, without a network, so that the limit can be short. */
export async function lookAtSilence(): Promise<Diagnosis> {
  await using server = new TestServer();
  server.faults.freeze();
  return await look("redis://127.0.0.1", {
    transport: server.transport,
    inspector: NO_HANDSHAKE,
    timeout: 20,
  });
}

/** Diagnoses an address that does not answer to connects. */
export function lookAtNothing(): Promise<Diagnosis> {
  const connect: Transport["connect"] = () =>
    Promise.reject(new TimeoutError("no connection within 1 ms", { code: "CONNECT_TIMEOUT" }));
  return look("redis://127.0.0.1:1", { transport: { name: "nothing", connect } });
}

/** Diagnoses a server whose certificate expires in three days, as the runtime says. */
export function lookAtLastDays(): Promise<Diagnosis> {
  const day = 86_400_000;
  const inspector: NetworkInspector = {
    resolve: (host) => Promise.resolve([host]),
    inspectTls: (_host, _port, name) =>
      Promise.resolve({
        protocol: "TLSv1.3",
        names: [name],
        matches: true,
        issuer: "Authority",
        from: Date.now() - day,
        to: Date.now() + 3.5 * day,
      }),
  };
  return lookAt({}, undefined, (url) => url.replace("redis:", "rediss:"), (server) => ({
    transport: server.transport,
    inspector,
  }));
}

/** Diagnoses a test server after `stage` has been at it. */
export async function lookAt(
  options: TestServerOptions,
  stage: (server: TestServer) => unknown = () => {},
  change: (url: string) => string = (url) => url,
  equip: (server: TestServer) => DiagnoseOptions = () => ({}),
): Promise<Diagnosis> {
  await using server = new TestServer(options);
  const { url } = await server.listen();
  await stage(server);
  return await look(change(url), equip(server));
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

/** Diagnoses a server that shows a certificate, and ends the connection when it is sent something. */
export function lookAtTls(leaf: Leaf, use: (port: number) => Promise<Diagnosis>): Promise<Diagnosis> {
  const sockets = new Set<Socket>();
  const server = createTlsServer({ cert: leaf.cert, key: leaf.key });
  server.on(
    "secureConnection",
    (socket) => socket.on("error", () => {}).on("end", () => socket.end()).once("data", () => socket.end()),
  );
  server.on("tlsClientError", () => {});
  server.on("connection", (socket) => sockets.add(socket));
  return listening(server, sockets, use);
}

/** Diagnoses a server that says one thing and closes: at once, or behind what it is sent. */
export function lookAtText(
  text: string,
  first: "greets" | "replies",
  change: (url: string) => string = (url) => url,
): Promise<Diagnosis> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    if (first === "greets") socket.end(text);
    else socket.once("data", () => socket.end(text));
  });
  return listening(server, sockets, (port) => look(change(`redis://127.0.0.1:${port}`)));
}
