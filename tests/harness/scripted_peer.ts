/**
 * A peer with scripted replies: by default it replies like a small server in memory, and a script can replace, delay
 * or suppress any reply. Over the memory transport or TCP.
 *
 * ```ts ignore
 * const peer = new ScriptedPeer({
 *   script: (command, connection) => command[0] === "GET" ? new Raw("garbage") : connection.serve(),
 * });
 * const redis = new Redis({ transport: peer.transport({ clock }), clock });
 * ```
 *
 * @module
 */
import { createServer, type Server, type Socket } from "node:net";
import { loadPubSub } from "../../src/client/pubsub/load_pubsub.ts";
import type { Transport } from "../../src/transport.ts";
import { memoryTransport, type MemoryTransportOptions } from "../../transports/memory.ts";
import { MiniServer, type MiniServerOptions } from "./mini/server.ts";
import type { Answer } from "./mini/session.ts";
import { PeerConnection } from "./peer_connection.ts";
import { memoryLink, type PeerLink, tcpLink } from "./peer_link.ts";

// Scripts name the moment of each command: none may wait for a module.
await loadPubSub();

export { Many } from "./mini/session.ts";
export type { Answer } from "./mini/session.ts";
export type { CutOptions, PeerConnection } from "./peer_connection.ts";

/**
 * Returns the reply to a command (its name in capitals, arguments as text): a reply, {@linkcode Many} replies,
 * `undefined` for none, or a promise of one. Later commands of the connection wait for the promise. A thrown error
 * becomes an uncaught error of the test.
 */
export type Script = (
  command: readonly string[],
  connection: PeerConnection,
) => Answer | Promise<Answer>;

/** The options of a scripted peer. */
export interface ScriptedPeerOptions extends MiniServerOptions {
  /** Answers commands. Default: `connection.serve()`. */
  readonly script?: Script;
  /** Called with each new connection before a byte moves: the place for `cutAfter` and for `close`. A throw refuses it (memory) or resets it (TCP); a promise delays it (memory only). */
  readonly onConnection?: (connection: PeerConnection) => void | Promise<void>;
}

interface Waiting {
  readonly done: () => boolean;
  readonly resolve: () => void;
}

/** A peer with any number of connections. */
export class ScriptedPeer {
  /** The server that gives the ordinary answers; its state is shared by all connections. */
  readonly server: MiniServer;
  /** All connections that ever came, oldest first. */
  readonly connections: PeerConnection[] = [];
  /** Answers commands; can be changed at any time. */
  script: Script;
  /** Called with each new connection; can be changed at any time. */
  onConnection: ((connection: PeerConnection) => void | Promise<void>) | undefined;

  readonly #waiting: Set<Waiting> = new Set();
  readonly #sockets: Set<Socket> = new Set();
  #listener: Server | undefined;

  /** Makes a peer; nothing is connected yet. */
  constructor(options: ScriptedPeerOptions = {}) {
    this.server = new MiniServer(options);
    this.script = options.script ?? ((_, connection) => connection.serve());
    this.onConnection = options.onConnection;
  }

  /** A transport whose connections all come here. */
  transport(options?: MemoryTransportOptions): Transport {
    return memoryTransport((end) => {
      const { connection, accepted } = this.#attach((handlers) => memoryLink(end, handlers));
      return accepted?.catch((error) => {
        connection.ended();
        throw error;
      });
    }, options);
  }

  /** Listens on a TCP port of 127.0.0.1 (0: any free one). End it with `stop`. */
  async listen(port = 0): Promise<{ readonly host: string; readonly port: number }> {
    const listener = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      try {
        this.#attach((handlers) => tcpLink(socket, handlers));
      } catch {
        socket.resetAndDestroy();
      }
    });
    this.#listener = listener;
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject);
      listener.listen(port, "127.0.0.1", resolve);
    });
    return { host: "127.0.0.1", port: (listener.address() as { port: number }).port };
  }

  /** Stops listening and cuts the TCP connections. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    const closed = new Promise<void>((resolve) =>
      listener === undefined ? resolve() : listener.close(() => resolve())
    );
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** The same, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Connections that are open now. */
  get open(): readonly PeerConnection[] {
    return this.connections.filter((connection) => !connection.closed);
  }

  /** The newest connection. Throws when there never was one. */
  get last(): PeerConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("Nobody has connected to the scripted peer");
    return last;
  }

  /** All commands that were received, on all connections, in order. */
  readonly received: (readonly string[])[] = [];

  /** Returns the number of times that a command was received. */
  count(name: string): number {
    return this.received.filter((command) => command[0] === name.toUpperCase()).length;
  }

  /** Returns the number of times that the default server executed a command. */
  executed(name: string): number {
    return this.server.executed(name);
  }

  /** Resolves when a command has been received that often, in all. */
  whenReceived(name: string, times = 1): Promise<void> {
    return this.#when(() => this.count(name) >= times);
  }

  /** Resolves when a total number of connections have been opened. */
  whenConnected(times = 1): Promise<void> {
    return this.#when(() => this.connections.length >= times);
  }

  /** Resolves when at most this number of connections are open. */
  whenOpen(most = 0): Promise<void> {
    return this.#when(() => this.open.length <= most);
  }

  #when(done: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.add({ done, resolve });
      this.#look();
    });
  }

  #look(): void {
    for (const waiting of this.#waiting) {
      if (!waiting.done()) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  #attach(
    link: (handlers: { data: (chunk: Uint8Array) => void; close: () => void }) => PeerLink,
  ): { connection: PeerConnection; accepted: Promise<void> | undefined } {
    const connection: PeerConnection = new PeerConnection(this.connections.length + 1, this.server, {
      answer: (command) => {
        this.received.push(command);
        const answer = this.script(command, connection);
        this.#look();
        return answer;
      },
      ended: () => this.#look(),
    });
    connection.use(link({ data: (chunk) => connection.take(chunk), close: () => connection.ended() }));
    this.connections.push(connection);
    let accepted: void | Promise<void>;
    try {
      accepted = this.onConnection?.(connection);
    } catch (error) {
      connection.ended();
      throw error;
    }
    this.#look();
    return { connection, accepted: accepted ?? undefined };
  }
}
