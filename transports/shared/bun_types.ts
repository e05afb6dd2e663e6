/**
 * The part of Bun's API that the adapter uses, so that no package of types is needed.
 *
 * @module
 */

/** A socket of `Bun.connect`. */
export interface BunSocket {
  /** The receiver of its events, where sockets share their callbacks. */
  data?: BunPeer;
  write(bytes: Uint8Array): number;
  shutdown(): void;
  end(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  ref(): void;
  unref(): void;
  setNoDelay(on: boolean): boolean;
  setKeepAlive(on: boolean, idle?: number): boolean;
  /** Offers a TLS session; before the handshake. Undocumented, as are the next three (Bun 1.4). */
  setSession?(session: Uint8Array): void;
  isSessionReused?(): boolean;
  getTLSVersion?(): string;
  getPeerX509Certificate?(): { readonly validTo: string } | undefined;
}

/** The receiver of the events of one socket without TLS. */
export interface BunPeer {
  /** The socket is open. */
  opened(socket: BunSocket): void;
  /** Bytes arrived. */
  take(chunk: Uint8Array): void;
  /** The system takes bytes again. */
  drain(): void;
  /** The peer has ended the connection, or it failed. */
  closed(error: unknown): void;
  /** The connection could not be opened. */
  refused(error: unknown): void;
}

/** The callbacks of `Bun.connect`. */
export interface BunHandlers {
  readonly binaryType?: "uint8array";
  open(socket: BunSocket): void;
  data(socket: BunSocket, chunk: Uint8Array): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error?: Error): void;
  error(socket: BunSocket, error: Error): void;
  connectError(socket: BunSocket, error: Error): void;
  handshake(socket: BunSocket, verified: boolean, error: Error | null): void;
  /** A TLS session that can be resumed. Undocumented. */
  session?(socket: BunSocket, session: Uint8Array): void;
}

/** The options of `Bun.connect`. */
export interface BunConnectOptions {
  readonly hostname?: string;
  readonly port?: number;
  readonly unix?: string;
  readonly tls?: Readonly<Record<string, unknown>>;
  readonly allowHalfOpen?: boolean;
  readonly data?: BunPeer;
  readonly socket: BunHandlers;
}

/** The global `Bun`. */
export interface BunGlobal {
  connect(options: BunConnectOptions): Promise<BunSocket>;
}
