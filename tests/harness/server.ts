/**
 * A real server for a test, on a free port and with a folder of its own.
 *
 * ```ts
 * await using server = await startServer({ unix: true, password: "secret" });
 * await server.cli("SET", "k", "v");
 * await server.kill("SIGSTOP");
 * ```
 *
 * @module
 */
import process from "node:process";
import { type Binary, findBinary, inspectBinary } from "./binaries.ts";
import type { Certificates } from "./certificates.ts";
import { borrowServer } from "./borrowed.ts";
import { startContainer } from "./containers.ts";
import { startLocal } from "./local.ts";
import type { RawReply } from "./raw.ts";

/** What a server should be like. */
export interface ServerOptions {
  /** Listen on a Unix socket, too. */
  readonly unix?: boolean;
  /**
   * Listen for TLS on a second port, too. `leaf`: which certificate to show (default `"server"`); `clients`: whether
   * clients must show one (default `"no"`).
   */
  readonly tls?: boolean | {
    readonly leaf?: "server" | "wrongName" | "expired";
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
  /** The certificates in use, when TLS was asked for. */
  readonly certificates: Certificates | undefined;
  /** The number of its process; -1 for one that the harness did not start as a process. */
  readonly pid: number;
  /** Such as `"7.0.15"`. */
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

/** Whether a server that somebody else runs could be what is asked for. */
function isOrdinary(options: ServerOptions): boolean {
  return Object.values(options).every((value) => value === undefined || value === false);
}

/** The program for these options, unless there is none. */
export function chooseBinary(options: ServerOptions): Binary | undefined {
  return options.binary === undefined ? findBinary() : inspectBinary(options.binary);
}

/**
 * Starts a server. The choice: the one at `KEYWIRE_TEST_URL` (whose data is erased!) if that is set and nothing
 * special is asked for; else a program on this machine; else a container.
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const address = process.env.KEYWIRE_TEST_URL;
  if (address && isOrdinary(options)) return await borrowServer(address);
  const binary = chooseBinary(options);
  return binary === undefined ? await startContainer(options) : await startLocal(binary, options);
}
