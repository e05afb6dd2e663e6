/**
 * The runtime's own socket without a client, plain or with TLS: requests as they would be sent, and a count of the bytes that
 * arrive. Callers of one tick are one write.
 *
 * @module
 */
import net from "node:net";
import tls from "node:tls";
import type { Contender, Kind, Place } from "./contender.ts";

/** The most requests of a tick. */
const MOST = 1_000;

/** Sends bytes, and calls back with the number of those that have arrived. */
type Open = (kind: Kind, place: Place, arrived: (length: number) => void) => Promise<{
  send(bytes: Uint8Array): void;
  close(): void;
}>;

const openNode: Open = (kind, { host, port, tlsPort, ca }, arrived) =>
  new Promise((resolve, reject) => {
    const onread = {
      buffer: new Uint8Array(65_536),
      callback: (length: number): boolean => (arrived(length), true),
    };
    const ready = (): void => {
      socket.setNoDelay();
      resolve({ send: (bytes) => void socket.write(bytes), close: () => void socket.destroy() });
    };
    const socket: net.Socket = kind === "tls"
      ? tls.connect(
        { host, port: tlsPort, ca, servername: "localhost", onread } as tls.ConnectionOptions,
        ready,
      )
      : net.connect({ host, port, onread }, ready);
    socket.on("error", reject);
  });

interface BunSocket {
  write(bytes: Uint8Array): number;
  end(): void;
}

const openBun: Open = async (kind, { host, port, tlsPort, ca }, arrived) => {
  const { Bun } = globalThis as unknown as { Bun: { connect(options: object): Promise<BunSocket> } };
  let rest = new Uint8Array(0);
  const socket = await new Promise<BunSocket>((resolve, reject) => {
    const opened = (one: BunSocket): void => resolve(one);
    Bun.connect({
      hostname: host,
      port: kind === "tls" ? tlsPort : port,
      ...kind === "tls" && { tls: { ca, serverName: "localhost", rejectUnauthorized: true } },
      socket: {
        binaryType: "uint8array",
        open: kind === "tls" ? () => {} : opened,
        handshake: opened,
        data: (_socket: BunSocket, chunk: Uint8Array) => arrived(chunk.length),
        drain: (one: BunSocket) => void (rest = rest.subarray(one.write(rest))),
      },
    }).catch(reject);
  });
  return {
    send(bytes) {
      const taken = socket.write(bytes);
      if (taken < bytes.length) rest = bytes.slice(Math.max(taken, 0));
    },
    close: () => socket.end(),
  };
};

interface DenoConn {
  write(bytes: Uint8Array): Promise<number>;
  read(into: Uint8Array): Promise<number | null>;
  close(): void;
}

const openDeno: Open = async (_kind, { host, port }, arrived) => {
  const { Deno } = globalThis as unknown as { Deno: { connect(to: object): Promise<DenoConn> } };
  const conn = await Deno.connect({ hostname: host, port });
  const read = async (): Promise<void> => {
    const into = new Uint8Array(65_536);
    for (;;) {
      const got = await conn.read(into).catch(() => null);
      if (got === null) return;
      arrived(got);
    }
  };
  void read();
  const sendAll = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
  };
  return { send: (bytes) => void sendAll(bytes), close: () => conn.close() };
};

function openOf(kind: Kind): Open {
  if ("Bun" in globalThis) return openBun;
  // Deno uses `node:tls`, too, when an authority is given.
  return "Deno" in globalThis && kind === "plain" ? openDeno : openNode;
}

/** Opens it. It can do GETs of one key at a time; `lengths` are those of the values. */
export async function openBare(
  kind: Kind,
  place: Place,
  lengths: ReadonlyMap<string, number>,
): Promise<Pick<Contender, "get" | "close">> {
  let received = 0;
  let reply = 0;
  let request: Uint8Array = new Uint8Array(0);
  let requests = request;
  let current: string | undefined;
  let unsent = 0;
  let waiting: (() => void)[] = [];
  let settled = 0;
  const socket = await openOf(kind)(kind, place, (length) => {
    for (received += length; received >= reply; received -= reply) waiting[settled++]!();
    if (settled < waiting.length) return;
    waiting = [];
    settled = 0;
  });
  const flush = (): void => {
    socket.send(requests.subarray(0, unsent * request.length));
    unsent = 0;
  };
  return {
    get(key) {
      if (key !== current) {
        current = key;
        const text = `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`;
        request = new TextEncoder().encode(text);
        requests = new TextEncoder().encode(text.repeat(MOST));
        const length = lengths.get(key)!;
        reply = `$${length}\r\n`.length + length + 2;
      }
      if (unsent++ === 0) queueMicrotask(flush);
      return new Promise<void>((resolve) => waiting.push(resolve));
    },
    close: () => Promise.resolve(socket.close()),
  };
}
