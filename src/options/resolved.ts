/**
 * Options as they hold: complete, checked, frozen, and safe to print.
 *
 * @module
 */
import type { Backoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { DecoderLimits, RespParserFactory } from "../resp/types.ts";
import type { RetryPolicy } from "../retry.ts";
import type { Endpoint, KeepAliveOptions, TlsOptions, Transport } from "../transport.ts";
import type { CredentialProvider } from "./credentials.ts";
import type { Encoding } from "./types.ts";

/** How a lost connection comes back. */
export interface ReconnectPolicy {
  /** Failed tries in a row after which those who wait are told; `Infinity`: no limit. */
  readonly attempts: number;
  /** The wait before each try. */
  readonly backoff: Backoff;
}

/** The options of a connection, resolved. Secrets and functions are getters, so that no printing or copying shows them. */
export interface ResolvedConnectionOptions {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly path: string | undefined;
  readonly db: number;
  readonly username: string | undefined;
  readonly protocol: 2 | 3 | undefined;
  readonly clientName: string | undefined;
  readonly libName: string | false;
  readonly libVersion: string;
  readonly connectTimeout: number;
  readonly commandTimeout: number;
  readonly socketTimeout: number;
  readonly blockingGrace: number;
  readonly healthCheckInterval: number;
  readonly keepAlive: boolean | KeepAliveOptions;
  readonly noDelay: boolean;
  readonly readBufferSize: number;
  readonly encoding: Encoding;
  readonly encodingErrors: "strict" | "replace";
  readonly maxQueued: number;
  readonly maxQueuedBytes: number;
  readonly limits: Required<DecoderLimits>;
  readonly password: string | undefined;
  readonly credentials: CredentialProvider | undefined;
  readonly tls: TlsOptions | undefined;
  readonly endpoint: Endpoint;
  readonly retry: RetryPolicy;
  readonly reconnect: ReconnectPolicy;
  readonly parser: RespParserFactory | undefined;
  readonly transport: Transport | undefined;
  readonly clock: Clock;
}
