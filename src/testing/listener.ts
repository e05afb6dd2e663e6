/**
 * The network functions that a runtime provides for the server.
 *
 * @module
 */

/** The address to listen on. */
export interface ListenOptions {
  /** A name or an address. Default `"127.0.0.1"`. */
  readonly host?: string;
  /** 0 (default): a free one. */
  readonly port?: number;
  /** The path of a Unix socket, instead of a host and a port. */
  readonly path?: string;
}

/** The addresses that the servers of a topology listen on. */
export interface TopologyListenOptions {
  /** A name or an address. Default `"127.0.0.1"`. */
  readonly host?: string;
  /** The port of the first server; the others use the following ports. Default 0: free ports. */
  readonly port?: number;
  /** The host that servers announce to clients. Default: `host`. */
  readonly announceHost?: string;
}

/** The addresses that servers and sentinels listen on. */
export interface SentinelsListenOptions extends TopologyListenOptions {
  /** The port of the first sentinel; the others use the following ports. Default 0: free ports. */
  readonly sentinelPort?: number;
}

/** A client that has connected. */
export interface AcceptedSocket {
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
export interface AcceptedHandlers {
  /** Bytes have come; they are valid during the call only. */
  data(bytes: Uint8Array): void;
  /** The client has gone. */
  end(): void;
}

/** A place where clients are taken in. */
export interface Listening {
  /** The host; empty for a Unix socket. */
  readonly host: string;
  /** The port; 0 for a Unix socket. */
  readonly port: number;
  /** The path of a Unix socket. */
  readonly path?: string;
  /** Stops listening. */
  close(): Promise<void>;
}

/** Listens; `accept` is called for each client. */
export interface Listener {
  /** Begins. */
  (
    options: ListenOptions,
    accept: (socket: AcceptedSocket) => AcceptedHandlers | undefined,
  ): Promise<Listening>;
}
