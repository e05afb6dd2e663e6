/**
 * One connection through a fault proxy.
 *
 * @module
 */
import type { Socket } from "node:net";
import { ProxyPipe } from "./proxy_pipe.ts";
import { resetSocket } from "./reset.ts";

/** The direction of bytes. */
export type ProxyDirection = "toServer" | "toClient";

/** The end of a connection: FIN after the bytes, or RST. */
export type Ending = "fin" | "reset";

/** The faults of a connection; absent ones are unchanged. */
export interface Faults {
  /** Cuts both sides after exactly this number of bytes to the server or to the client. */
  readonly cut?: { readonly toServer?: number; readonly toClient?: number; readonly how?: Ending };
  /** Milliseconds that bytes are held back, each way. */
  readonly delay?: number;
  /** Bytes a second, each way. */
  readonly rate?: number;
  /** Do not forward. */
  readonly frozen?: ProxyDirection | "both";
}

/** A client's connection, and the one to the server behind it. */
export class ProxyConnection {
  /** Counted from 1. */
  readonly id: number;
  /** Resolves when both sides have ended. */
  readonly closed: Promise<void>;

  readonly #client: Socket;
  readonly #server: Socket;
  readonly #toServer: ProxyPipe;
  readonly #toClient: ProxyPipe;
  #how: Ending = "fin";
  #over = false;
  #halfOpen = false;

  /** Made by the proxy. */
  constructor(id: number, client: Socket, server: Socket) {
    this.id = id;
    this.#client = client;
    this.#server = server;
    client.setNoDelay(true);
    server.setNoDelay(true);
    this.#toServer = new ProxyPipe(client, server, () => this.kill(this.#how));
    this.#toClient = new ProxyPipe(server, client, () => this.kill(this.#how));
    client.on("error", () => this.#lose(server));
    server.on("error", () => this.#lose(client));
    const ends = [client, server].map((socket) =>
      new Promise<void>((resolve) =>
        socket.on("close", () => {
          if (!this.#halfOpen || socket === client) this.#stop();
          resolve();
        })
      )
    );
    this.closed = Promise.all(ends).then(() => {});
  }

  /** Bytes that have gone through, each way. */
  get bytes(): { readonly toServer: number; readonly toClient: number } {
    return { toServer: this.#toServer.bytes, toClient: this.#toClient.bytes };
  }

  /** Whether it is over, by a cut or by one of its ends. */
  get ended(): boolean {
    return this.#over;
  }

  /** Does all that is named to the connection. */
  apply(faults: Faults): void {
    const both = [this.#toServer, this.#toClient];
    for (const pipe of both) {
      pipe.delay = faults.delay ?? pipe.delay;
      pipe.rate = faults.rate ?? pipe.rate;
    }
    if (faults.frozen !== undefined) this.freeze(faults.frozen);
    if (faults.cut !== undefined) this.cutAfter(faults.cut);
    if (!this.#over) { for (const pipe of both) pipe.retune(); }
  }

  /** Cuts both sides after a number of bytes from the start of the connection. */
  cutAfter(cut: NonNullable<Faults["cut"]>): void {
    this.#how = cut.how ?? "fin";
    this.#toServer.limit = cut.toServer ?? Infinity;
    this.#toClient.limit = cut.toClient ?? Infinity;
    this.#toServer.retune();
    if (!this.#over) this.#toClient.retune();
  }

  /** Stops forwarding; both ends stay connected and learn nothing. */
  freeze(direction: ProxyDirection | "both" = "both"): void {
    if (direction !== "toClient") this.#toServer.freeze();
    if (direction !== "toServer") this.#toClient.freeze();
  }

  /** Stops forwarding in one direction and keeps the bytes: see `held`. `thaw` forwards them at once. */
  collect(direction: ProxyDirection): void {
    (direction === "toServer" ? this.#toServer : this.#toClient).collect();
  }

  /** The received bytes that were not forwarded, by direction. */
  get held(): { readonly toServer: Uint8Array; readonly toClient: Uint8Array } {
    return { toServer: this.#toServer.held, toClient: this.#toClient.held };
  }

  /** Resumes forwarding, starting with the held bytes. */
  thaw(direction: ProxyDirection | "both" = "both"): void {
    if (direction !== "toClient") this.#toServer.thaw();
    if (direction !== "toServer") this.#toClient.thaw();
  }

  /** Closes the server's side without the client noticing. Further bytes of the client are lost. */
  halfOpen(): void {
    this.#halfOpen = true;
    this.#toServer.swallow();
    this.#toClient.swallow();
    this.#server.destroy();
  }

  /** Ends both sides now: FIN after the forwarded bytes, or RST. */
  kill(how: Ending = "fin"): void {
    if (this.#over) return;
    this.#stop();
    for (const socket of [this.#client, this.#server]) {
      if (how === "fin") socket.end(() => socket.destroy());
      // The callback of an empty write runs when earlier data has reached the kernel.
      else socket.write(new Uint8Array(0), () => resetSocket(socket));
    }
  }

  /** Ends both sides without waiting for anything. */
  destroy(): void {
    this.#stop();
    this.#client.destroy();
    this.#server.destroy();
  }

  #stop(): void {
    this.#over = true;
    this.#toServer.stop();
    this.#toClient.stop();
  }

  #lose(other: Socket): void {
    if (this.#over || this.#halfOpen) return;
    this.#stop();
    resetSocket(other);
  }
}
