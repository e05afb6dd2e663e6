/**
 * What a runtime must give so that the server can be reached over a network: the door hands it in.
 *
 * @module
 */

/** Where to listen. */
export interface ListenOptions {
  /** A name or an address. Default `"127.0.0.1"`. */
  readonly host?: string;
  /** 0 (default): a free one. */
  readonly port?: number;
  /** The path of a Unix socket, instead of a host and a port. */
  readonly path?: string;
}

/** Where the servers of a topology listen. */
export interface TopologyListenOptions {
  /** A name or an address. Default `"127.0.0.1"`. */
  readonly host?: string;
  /** The port of the first server; the others take those that follow. Default 0: free ports. */
  readonly port?: number;
  /** The host that servers announce to clients. Default: `host`. */
  readonly announceHost?: string;
}

/** Where servers and sentinels listen. */
export interface SentinelsListenOptions extends TopologyListenOptions {
  /** The port of the first sentinel; the others take those that follow. Default 0: free ports. */
  readonly sentinelPort?: number;
}

/** A client that has connected. */
export interface AcceptedSocket {
  /** Where it is. */
  readonly address: string;
  /** Where it reached the server. */
  readonly localAddress: string;
  /** Sends a copy of the bytes. */
  send(bytes: Uint8Array): void;
  /** Ends the connection; behind what has been sent, unless `now`. */
  close(now: boolean): void;
}

/** What becomes of a client's bytes. */
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
  /** Takes nobody in any more. */
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
