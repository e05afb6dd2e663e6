/**
 * Resolves the address of a client: a fixed one, or that of a sentinel's master.
 *
 * @module
 */
import { nextTick } from "node:process";
import type { Endpoint, TlsOptions } from "../../transport.ts";
import type { RedisOptions, TlsConnectionOptions } from "./options.ts";
import { CONNECTION_CLOSED_ERROR_MSG } from "./support.ts";

/** Finds the server of a client. */
export interface Connector {
  /** Resolves with the address. `emit` reports errors that are followed by another attempt. */
  locate(emit: (event: string, error: Error) => void): Endpoint | Promise<Endpoint>;
  /** Whether the server is the right one, by its INFO. */
  check(info: Readonly<Record<string, string>>): boolean;
  /** The connection is open. */
  connected(): void;
  /** Stops. */
  disconnect(): void;
}

const TLS_NAMES: Readonly<Record<string, keyof TlsOptions>> = {
  ca: "ca",
  cert: "cert",
  key: "key",
  pfx: "pfx",
  passphrase: "passphrase",
  checkServerIdentity: "checkServerIdentity",
  servername: "serverName",
  minVersion: "minVersion",
  ciphers: "ciphers",
  ALPNProtocols: "alpn",
};

/** The options of `net.connect` that define the address. */
const ADDRESS: ReadonlySet<string> = new Set(["host", "port", "path", "family"]);

/**
 * Makes TLS options of Node's.
 *
 * @throws {TypeError} for an option that cannot be honoured.
 */
export function tlsOptions(options: TlsConnectionOptions | true): TlsOptions {
  const tls: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(options === true ? {} : options)) {
    if (value === undefined || ADDRESS.has(name)) continue;
    if (name === "rejectUnauthorized") {
      if (value === false) tls.verify = "none";
    } else if (name in TLS_NAMES) {
      tls[TLS_NAMES[name]!] = value;
    } else {
      const why = name === "profile" ? "TLS profiles are not supported" : "it is not supported";
      throw new TypeError(`Cannot use the option \`tls.${name}\`: ${why}`);
    }
  }
  return tls as TlsOptions;
}

const LOOPBACK: Readonly<Record<number, string>> = { 4: "127.0.0.1", 6: "::1" };

/** The endpoint of an address. */
export function endpointOf(
  address: { readonly host?: string | undefined; readonly port?: number | undefined; family?: number },
  tls: TlsConnectionOptions | true | undefined,
): Endpoint {
  const { host = "localhost", port = 6379, family = 0 } = address;
  return {
    host: host === "localhost" ? LOOPBACK[family] ?? host : host,
    port,
    ...(tls ? { tls: tlsOptions(tls) } : {}),
  };
}

/** The family of addresses to which a host name is resolved; undefined for both, and where nothing is resolved. */
export function familyOf(endpoint: Endpoint, { family, sentinels }: RedisOptions): 4 | 6 | undefined {
  if ("path" in endpoint || sentinels || /^[\d.]+$|:/.test(endpoint.host)) return undefined;
  return family === 4 || family === 6 ? family : undefined;
}

/** Connects to the address of the options. */
export class StandaloneConnector implements Connector {
  readonly #options: RedisOptions;
  #connecting = false;

  /** Reads the address from options. */
  constructor(options: RedisOptions) {
    this.#options = options;
  }

  /** Waits for the end of the turn, in which programs may disconnect the client that they have made. */
  async locate(): Promise<Endpoint> {
    this.#connecting = true;
    await new Promise<void>((resolve) => nextTick(resolve));
    if (!this.#connecting) throw new Error(CONNECTION_CLOSED_ERROR_MSG);
    return this.#endpoint();
  }

  #endpoint(): Endpoint {
    const { path, host, port, family, tls } = this.#options;
    if (path) return { path };
    const own = tls && tls !== true ? tls as { host?: string; port?: number } : {};
    return endpointOf({
      host: own.host ?? host ?? "localhost",
      port: own.port ?? port ?? 6379,
      family: family ?? 0,
    }, tls);
  }

  check(): boolean {
    return true;
  }

  connected(): void {}

  disconnect(): void {
    this.#connecting = false;
  }
}
