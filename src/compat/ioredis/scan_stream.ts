/**
 * SCAN and its relatives as readable streams of Node.
 *
 * @module
 */
import { Readable, type ReadableOptions } from "node:stream";

/** The options of a scan. */
export interface ScanStreamOptions extends ReadableOptions {
  /** A pattern. */
  match?: string;
  /** A type of values. */
  type?: string;
  /** The number of elements that a call looks at. */
  count?: number | string;
  /** HSCAN without values. */
  noValues?: boolean;
}

interface Options extends ScanStreamOptions {
  readonly key?: unknown;
  // deno-lint-ignore no-explicit-any
  readonly redis: any;
  readonly command: string;
}

/** A stream of the arrays that a scan gives. */
export class ScanStream extends Readable {
  readonly #options: Options;
  #cursor = "0";
  #drained = false;

  /** Scans with a client. */
  constructor(options: Options) {
    super(options);
    this.#options = options;
  }

  /** @internal */
  override _read(): void {
    if (this.#drained) {
      this.push(null);
      return;
    }
    const { key, match, type, count, noValues, redis, command } = this.#options;
    const args: unknown[] = key ? [key, this.#cursor] : [this.#cursor];
    if (match) args.push("MATCH", match);
    if (type) args.push("TYPE", type);
    if (count) args.push("COUNT", String(count));
    if (noValues) args.push("NOVALUES");
    redis[command](args, (error: Error | null, reply: [unknown, unknown]) => {
      if (error) {
        this.emit("error", error);
        return;
      }
      this.#cursor = String(reply[0]);
      if (this.#cursor === "0") this.#drained = true;
      this.push(reply[1]);
    });
  }

  /** Ends the stream after pending data. */
  close(): void {
    this.#drained = true;
  }
}

/** Scans a collection. */
export type ScanByKey = (key: string, options?: ScanStreamOptions) => ScanStream;

/** The methods that scan with streams. */
export interface ScanStreams {
  /** Scans the keys. */
  scanStream(options?: ScanStreamOptions): ScanStream;
  /** Scans the keys, as Buffers. */
  scanBufferStream(options?: ScanStreamOptions): ScanStream;
  /** Scans a set. */
  sscanStream: ScanByKey;
  /** Scans a set, as Buffers. */
  sscanBufferStream: ScanByKey;
  /** Scans a hash. */
  hscanStream: ScanByKey;
  /** Scans a hash, as Buffers. */
  hscanBufferStream: ScanByKey;
  /** Scans a sorted set. */
  zscanStream: ScanByKey;
  /** Scans a sorted set, as Buffers. */
  zscanBufferStream: ScanByKey;
}

/** Adds the methods to a class of clients. Clients of clusters cannot scan all keys. */
export function addScanStreams(prototype: object, cluster = false): void {
  const methods = prototype as Record<string, unknown>;
  for (const command of ["scan", "sscan", "hscan", "zscan"]) {
    if (cluster && command === "scan") continue;
    for (const suffix of ["", "Buffer"]) {
      methods[`${command}${suffix}Stream`] = function (...args: unknown[]): ScanStream {
        const [key, options] = command === "scan" ? [undefined, args[0]] : args;
        return new ScanStream({
          objectMode: true,
          key,
          redis: this,
          command: command + suffix,
          ...options as ScanStreamOptions,
        });
      };
    }
  }
}
