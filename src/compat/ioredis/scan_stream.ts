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
