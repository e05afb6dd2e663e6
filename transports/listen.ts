/**
 * Listening sockets for a server in this process, by `node:net`, which all three runtimes have. Loaded when something
 * listens for the first time.
 *
 * @module
 */
import { createServer, type Socket } from "node:net";

/** The address to listen on. */
export interface ListenAddress {
  /** A name or an address. Default `"127.0.0.1"`. */
  readonly host?: string;
  /** 0 (default): a free one. */
  readonly port?: number;
  /** The path of a Unix socket, instead. */
  readonly path?: string;
}

/** A client that has connected. */
export interface ListenSocket {
  /** The address of the client. */
  readonly address: string;
  /** The address of the server that the client used. */
  readonly localAddress: string;
  /** Sends a copy of the bytes. */
  send(bytes: Uint8Array): void;
  /** Ends the connection after buffered data was sent, or at once with `now`. */
  close(now: boolean): void;
}

/** The callbacks of a connection. */
export interface ListenHandlers {
  /** Bytes have come; they are valid during the call only. */
  data(bytes: Uint8Array): void;
  /** The client has gone. */
  end(): void;
}

/** A place where clients are taken in. */
export interface ListenPlace {
  /** The host; empty for a Unix socket. */
  readonly host: string;
  /** The port; 0 for a Unix socket. */
  readonly port: number;
  /** The path of a Unix socket. */
  readonly path?: string;
  /** Stops listening, and ends the open connections. */
  close(): Promise<void>;
}

/**
 * The number of bytes that may wait for a client that does not read. Above it, the server stops reading from the
 * client.
 */
const MUCH = 16 * 1024 * 1024;

function wrap(socket: Socket, path: string | undefined): ListenSocket {
  return {
    address: path === undefined ? `${socket.remoteAddress}:${socket.remotePort}` : `${path}:0`,
    localAddress: path === undefined ? `${socket.localAddress}:${socket.localPort}` : `${path}:0`,
    send(bytes) {
      if (socket.destroyed) return;
      socket.write(bytes.slice());
      if (socket.writableLength > MUCH) socket.pause();
    },
    close(now) {
      if (now) socket.resetAndDestroy?.() ?? socket.destroy();
      else socket.end(() => socket.destroySoon?.());
    },
  };
}

/** Listens; `accept` is called for each client, and refuses it by returning nothing. */
export function listen(
  { host = "127.0.0.1", port = 0, path }: ListenAddress,
  accept: (socket: ListenSocket) => ListenHandlers | undefined,
): Promise<ListenPlace> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    const handlers = accept(wrap(socket, path));
    if (handlers === undefined) {
      socket.destroy();
      return;
    }
    sockets.add(socket);
    socket.on("data", (bytes: Uint8Array) => handlers.data(bytes));
    socket.on("drain", () => socket.resume());
    socket.on("error", () => {}); // The end follows.
    socket.on("close", () => {
      sockets.delete(socket);
      handlers.end();
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    const ready = (): void => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : 0;
      resolve({
        host: path === undefined ? host : "",
        port: path === undefined ? bound : 0,
        path,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            for (const socket of sockets) socket.destroySoon();
          }),
      });
    };
    if (path !== undefined) server.listen(path, ready);
    else server.listen(port, host, ready);
  });
}
