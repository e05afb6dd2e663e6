/**
 * The options of a client that reads from replicas.
 *
 * @module
 */
import type { StandaloneExecutor } from "../client/standalone_executor.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { ServerAddress } from "../topology/format_address.ts";
import type { ReadFrom } from "../topology/read_from.ts";

/** The options for the reads of a client. */
export interface ReadingOptions {
  /** The pool for everything that is no plain read. */
  readonly home: ConnectionPool;
  /** A pool of the master, for reads where no replica will do; the home itself, where that is the master's. */
  readonly master: () => ConnectionPool;
  /** A pool of one replica. */
  readonly replica: (address: ServerAddress) => ConnectionPool;
  /** Makes what runs commands over such a pool, and owns it. */
  readonly open: (pool: ConnectionPool) => StandaloneExecutor;
  /** The name of the service. */
  readonly service: string;
  /** The servers that receive reads. */
  readonly readFrom: ReadFrom;
  /** The age in milliseconds that the data of a replica may have; 0 is no limit. */
  readonly maxLag: number;
  /** Plain commands of all callers share one connection. */
  readonly multiplex: boolean;
  /** Refuse what writes. */
  readonly readonly: boolean;
}
