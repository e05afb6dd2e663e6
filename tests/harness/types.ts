/**
 * The options and the interface of test servers.
 *
 * @module
 */
import type { Certificates } from "./certificates.ts";
import type { RawReply } from "./raw.ts";

/** The options of a server. */
export interface ServerOptions {
  /** Listen on a Unix socket, too. */
  readonly unix?: boolean;
  /**
   * Listen for TLS on a second port, too. `leaf`: which certificate to show (default `"server"`); `clients`: whether
   * clients must show one (default `"no"`).
   */
  readonly tls?: boolean | {
    readonly leaf?: "server" | "wrongName" | "expired" | "notYetValid";
    readonly clients?: "no" | "optional" | "yes";
  };
  /** `requirepass`: the default user's password. */
  readonly password?: string;
  /** Users as in ACL files: `"user bob on >secret ~* +@all"`. */
  readonly acl?: readonly string[];
  /** Further lines of configuration; they come last, so they win. */
  readonly config?: readonly string[];
  /** Another program than the one that would be found. */
  readonly binary?: string;
  /** A given port instead of a free one. */
  readonly port?: number;
  /** Start as a node of a cluster (it owns no slots yet). */
  readonly cluster?: boolean;
  /** Whether to start as a sentinel; `config` has its masters. */
  readonly sentinel?: boolean;
}

/** A server that runs. */
export interface Server {
  /** Always `"127.0.0.1"`, unless the server was named by the environment. */
  readonly host: string;
  /** The port for plain TCP. */
  readonly port: number;
  /** `redis://host:port`, without credentials. */
  readonly url: string;
  /** The Unix socket, when it was asked for. */
  readonly path: string | undefined;
  /** The port for TLS, when it was asked for. */
  readonly tlsPort: number | undefined;
  /** The address for other servers, if it differs: in a container with mapped ports. */
  readonly inside?: { readonly host: string; readonly port: number; readonly tlsPort?: number };
  /** The certificates in use, when TLS was asked for. */
  readonly certificates: Certificates | undefined;
  /** The number of its process; -1 for one that the harness did not start as a process. */
  readonly pid: number;
  /** Its version, such as `"7.0.15"`. */
  readonly version: string;
  /** Redis or Valkey. */
  readonly name: "redis" | "valkey";
  /** The last lines of its log. */
  readonly log: readonly string[];
  /** Runs one command as the default user, over a connection of its own; rejects with an error reply. */
  cli(...args: (string | number)[]): Promise<RawReply>;
  /** Sends a signal (default SIGKILL); resolves when the process has ended, at once for SIGSTOP and SIGCONT. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again where it was, after it has been killed; data is lost, as nothing is saved. */
  restart(): Promise<void>;
  /** Ends it, frozen or not, and removes its folder. Twice is no error. */
  stop(): Promise<void>;
  /** The same as `stop()`. */
  [Symbol.asyncDispose](): Promise<void>;
}
