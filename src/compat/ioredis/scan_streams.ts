/**
 * The methods that scan with streams.
 *
 * @module
 */
import { ScanStream, type ScanStreamOptions } from "./scan_stream.ts";

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
