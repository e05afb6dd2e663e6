/**
 * The values of connection options.
 *
 * @module
 */
import type { Backoff } from "../backoff.ts";
import type { Clock } from "../clock.ts";
import type { DecoderLimits, RespParserFactory } from "../resp/types.ts";
import type { RetryPolicy } from "../retry.ts";
import type { Observer } from "../observer.ts";
import type { KeepAliveOptions, LookupFunction, TlsOptions, Transport } from "../transport.ts";
import type { CredentialProvider } from "./credentials.ts";

/** The type of text replies: UTF-8, one character per byte, or `Uint8Array`. */
export type Encoding = "utf8" | "latin1" | "bytes";

/** The policy for reconnects. */
export interface ReconnectPolicy {
  /** The number of failed attempts after which waiting commands reject; `Infinity`: unlimited. */
  readonly attempts: number;
  /** The wait before each try. */
  readonly backoff: Backoff;
}

/** The limits of a queue of commands. */
export interface QueueLimits {
  /** The number of commands. */
  readonly maxCommands: number;
  /** About how many bytes they hold. */
  readonly maxBytes: number;
}

/** The settings for notifications of maintenance. */
export interface MaintNotificationsPolicy {
  /** The least time limit of commands during maintenance, in milliseconds. */
  readonly relaxedTimeout: number;
  /** The kind of address that the server names when it moves; `undefined`: by the kind of the host. */
  readonly endpointType?: string;
}

/** The values of connection options, including secrets and functions. */
export interface ConnectionValues {
  readonly host: string;
  readonly port: number;
  readonly path?: string;
  readonly db: number;
  readonly username?: string;
  readonly password?: string;
  readonly credentials?: CredentialProvider;
  readonly tls?: TlsOptions;
  readonly protocol?: 2 | 3;
  readonly clientName?: string;
  readonly libName: string | false;
  readonly libVersion: string;
  readonly connectTimeout: number;
  readonly commandTimeout: number;
  readonly socketTimeout: number;
  readonly blockingGrace: number;
  readonly healthCheckInterval: number;
  readonly keepAlive: boolean | KeepAliveOptions;
  readonly noDelay: boolean;
  readonly family?: 4 | 6;
  readonly lookup?: LookupFunction;
  readonly readBufferSize: number;
  readonly encoding: Encoding;
  readonly encodingErrors: "strict" | "replace";
  readonly retry: RetryPolicy;
  readonly reconnect: ReconnectPolicy;
  readonly offlineQueue: QueueLimits | false;
  readonly sendQueue: QueueLimits;
  readonly keyPrefix: string;
  readonly channelPrefix: string;
  readonly callSites?: boolean;
  readonly errorArguments: boolean;
  readonly maintNotifications: MaintNotificationsPolicy | false;
  readonly limits: Required<DecoderLimits>;
  readonly parser?: RespParserFactory;
  readonly transport?: Transport;
  readonly observer?: Observer;
  readonly clock: Clock;
}
