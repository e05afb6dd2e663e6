/**
 * The contract between Keywire and a runtime; types only.
 *
 * Data is pushed in chunks that are borrowed during the call, as Bun and Node deliver them. Backpressure: `write`
 * returns a promise if the socket is full, and `pause`/`resume` stop and start `data`.
 *
 * @module
 */

/** Bytes of PEM text, the PEM text itself, or the path of a file that holds it. */
export type PemSource = string | Uint8Array;

/** The certificate of a server, as `node:tls` describes it. */
export interface ServerCertificate {
  /** The fields of the subject: `CN`, `O`, ... */
  readonly subject?: Readonly<Record<string, string | string[] | undefined>>;
  /** The fields of the issuer. */
  readonly issuer?: Readonly<Record<string, string | string[] | undefined>>;
  /** The names and addresses that it is for: `"DNS:localhost, IP Address:127.0.0.1"`. */
  readonly subjectaltname?: string;
  /** The start of its validity, as text. */
  readonly valid_from?: string;
  /** The end of its validity, as text. */
  readonly valid_to?: string;
  /** SHA-256 of the certificate: `"85:3A:F7:..."`. */
  readonly fingerprint256?: string;
  /** The certificate, in DER. */
  readonly raw?: Uint8Array;
}

/** A server's address, or the name service's description of it. */
export type LookedUpAddress = string | { readonly address: string };

/**
 * Resolves a host name. `family` is 4 or 6 if only such addresses are wanted, else 0. The signature is that of
 * `lookup` of `node:dns/promises`.
 */
export type LookupFunction = (
  host: string,
  options: { readonly family: 0 | 4 | 6; readonly all: true },
) => LookedUpAddress | readonly LookedUpAddress[] | Promise<LookedUpAddress | readonly LookedUpAddress[]>;

/** The TLS options. Verification is on by default. An adapter refuses options that it does not support by name. */
export interface TlsOptions {
  /** The client's private key: PEM text, or the path of a PEM file. */
  readonly key?: PemSource;
  /** The client's certificate (chain): PEM text, or the path of a PEM file. */
  readonly cert?: PemSource;
  /** Certificate authorities to trust instead of the runtime's own: PEM text or paths of PEM files. */
  readonly ca?: PemSource | readonly PemSource[];
  /**
   * `"required"` (default) and `"optional"` verify the server's certificate (a server always presents one,
   * so for a client both are the same, as in Python's `ssl`); `"none"` accepts any certificate.
   */
  readonly verify?: "required" | "optional" | "none";
  /** Whether the certificate must name the requested host. Default `true`; unused with `verify: "none"`. */
  readonly checkHostname?: boolean;
  /**
   * The client's key and certificate in one PKCS #12 container, instead of `key` and `cert`: its bytes, or the path of
   * a file. Node also trusts the authorities in it.
   */
  readonly pfx?: Uint8Array | string;
  /** The passphrase of an encrypted `key`, or of `pfx`. */
  readonly passphrase?: string;
  /**
   * Checks the server's certificate, after its authority was verified, instead of the check of its name. Returns an
   * `Error` to refuse it, else `undefined`. It must not be asynchronous.
   */
  readonly checkServerIdentity?: (host: string, certificate: ServerCertificate) => Error | undefined;
  /** The name sent as SNI and checked in the certificate, when it is not the host. */
  readonly serverName?: string;
  /** The lowest version accepted. Default: the runtime's (TLS 1.2 on all three). */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** OpenSSL cipher list. */
  readonly ciphers?: string;
  /** Protocols offered by ALPN. */
  readonly alpn?: readonly string[];
  /**
   * Whether later connections with the same options resume TLS sessions, which saves a part of the handshake. Default `true`.
   * The certificate is verified again after an hour at most, and if an option or the content of a file has changed. With
   * `checkServerIdentity` sessions are never resumed. On Deno, sessions are Deno's own: it resumes them without `ca`.
   */
  readonly sessionResumption?: boolean;
}

/** A server reached over TCP, plainly or with TLS. */
export interface TcpEndpoint {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  /** Present: the connection is TLS from its first byte (RESP has no STARTTLS). */
  readonly tls?: TlsOptions;
}

/** A server reached through a Unix domain socket. */
export interface UnixEndpoint {
  /** The path of the socket. */
  readonly path: string;
}

/** The address of a server. */
export type Endpoint = TcpEndpoint | UnixEndpoint;

/** TCP keepalive in detail. */
export interface KeepAliveOptions {
  /** Milliseconds of silence before the first probe. Default 15,000. */
  readonly idle?: number;
  /** Milliseconds between probes. */
  readonly interval?: number;
  /** Probes that go unanswered before the link counts as dead. */
  readonly count?: number;
}

/** The options of a socket. */
export interface SocketOptions {
  /** Send small segments at once (TCP_NODELAY). Default `true`. */
  readonly noDelay?: boolean;
  /** TCP keepalive. Default `true`: from 15 seconds of silence on, where the runtime allows to set that. */
  readonly keepAlive?: boolean | KeepAliveOptions;
  /** Use IPv4 or IPv6 addresses of a host name only. Default: both. */
  readonly family?: 4 | 6;
  /** Resolves host names instead of the runtime. */
  readonly lookup?: LookupFunction;
  /** Milliseconds for name resolution, TCP and TLS together; 0 is no limit. Default 0 (the caller sets one). */
  readonly connectTimeout?: number;
  /** Ends connecting, in every phase; a socket that arrives late is destroyed. Not looked at once connected. */
  readonly signal?: AbortSignal;
  /** Bytes read at once, where the runtime lets one choose. Default 65,536. */
  readonly readBufferSize?: number;
}

/** The callbacks of a socket. */
export interface SocketHandlers {
  /** Bytes arrived. The chunk is borrowed: it is valid only until this call returns. */
  data(chunk: Uint8Array): void;
  /**
   * Returns memory to read the next bytes into, if there is a place where they belong; optional. Bytes at its beginning are
   * then passed to `data` as a view of it, before `destination` is called again. A transport may ignore it.
   */
  destination?(): Uint8Array | undefined;
  /** Called once, last, when the socket has ended on either side. `error` is the cause, if any. */
  close(error?: Error): void;
}

/** A connected socket. */
export interface Socket {
  /**
   * Whether the socket ends within about a minute when its peer is gone, as with TCP keepalive and a short idle time.
   * Default `false`: a connection probes over a second one while it waits without limit.
   */
  readonly noticesDeadPeer?: boolean;
  /**
   * Sends bytes, in order. Returns nothing when all was taken: the buffer is the caller's again. Returns a
   * promise when the peer is slower: the buffer must stay untouched until it resolves, and nothing more
   * should be written before. It rejects when the socket ends first.
   */
  write(bytes: Uint8Array): void | Promise<void>;
  /** Stops `data` until `resume`; the system's buffers fill, and the peer is slowed down. */
  pause(): void;
  /** Resumes `data`. */
  resume(): void;
  /** Lets the socket keep the process alive (the state after connecting). */
  ref(): void;
  /** Lets the process end although the socket is open. */
  unref(): void;
  /**
   * Sends buffered data, then ends the sending half. `data` continues until the peer ends its half. Writing
   * afterwards is an error. Without this method, the socket is closed instead.
   */
  closeWrite?(): void;
  /** Sends buffered data, then closes. Resolves when the socket has ended. Never rejects. */
  close(): Promise<void>;
  /** Closes at once. Unsent data is lost. */
  destroy(error?: Error): void;
}

/** A way to reach servers, passed in the options. Several transports can be used in one process. */
export interface Transport {
  /** `"deno"`, `"bun"`, `"node"`, `"memory"`, or the name of your own. */
  readonly name: string;
  /** The default of the option `callSites`. Default `false`. */
  readonly callSites?: boolean;
  /**
   * Opens a socket. Resolves when bytes can be sent; with TLS, after the certificate was verified.
   *
   * @throws {ConnectionError} if the server is unreachable or its certificate is refused.
   * @throws {TimeoutError} after `connectTimeout`.
   * @throws the reason of the signal.
   * @throws {TypeError} for an unsupported option, which it names. A TypeError or a RangeError is passed to the
   * caller; any other error becomes the cause of a `ConnectionError` with the code `CONNECT`, and is retried.
   */
  connect(endpoint: Endpoint, options: SocketOptions, handlers: SocketHandlers): Promise<Socket>;
  /**
   * Returns the present request, in runtimes where a socket belongs to the request that opened it (Cloudflare
   * Workers). A client then uses separate connections for each request. Without this method there is no such limit.
   */
  scope?(): object;
}
