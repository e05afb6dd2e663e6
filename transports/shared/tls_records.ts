/**
 * Reading TLS on Node, which passes on one record at a time, of 16 KiB at most. While full records arrive, those of one turn of
 * the event loop are collected without a copy and delivered as one chunk. A short record on its own is delivered at once.
 *
 * @module
 */

import { setImmediate } from "node:timers";

/** The size of a full record in bytes. */
const RECORD = 16_384;
/** The size of the memory in which records are collected, in bytes. */
const SIZE = 262_144;
/** The most sockets that collect records at a time. */
const MOST = 4;
/** The number of short records on their own after which the memory is given back. */
const FEW = 3;

const spare: Uint8Array[] = [];
let made = 0;

function takeMemory(): Uint8Array | undefined {
  if (spare.length > 0) return spare.pop();
  if (made === MOST) return undefined;
  made++;
  return new Uint8Array(SIZE);
}

/** The receiver of chunks. */
export interface RecordReceiver {
  link: {
    /** Gets bytes, which are valid during the call. */
    take(chunk: Uint8Array): void;
    /** Memory for the next bytes of a long value. */
    readonly destination: Uint8Array | undefined;
  } | undefined;
}

/** The records of one socket. `buffer` and `callback` are the functions of the option `onread` of `node:net`. */
export class TlsRecords {
  readonly #receiver: RecordReceiver;
  /** The buffer of sockets that do not collect records. */
  readonly #usual: Uint8Array;
  /** The memory in which this socket collects records. */
  #memory: Uint8Array | undefined;
  /** The bytes of `#memory` that were read and not delivered. */
  #from = 0;
  #to = 0;
  #scheduled = false;
  /** The short records on their own since the last full one. */
  #alone = 0;
  #next: Uint8Array;

  /** Makes the functions of a socket. `usual` may be shared with other sockets. */
  constructor(receiver: RecordReceiver, usual: Uint8Array) {
    this.#receiver = receiver;
    this.#usual = this.#next = usual;
  }

  /** Returns the buffer for the next read. */
  readonly buffer = (): Uint8Array => {
    const isCollecting = this.#to > this.#from;
    return this.#next = (isCollecting ? undefined : this.#receiver.link?.destination) ??
      this.#memory?.subarray(this.#to) ?? this.#usual;
  };

  /** Gets the number of bytes that were read. */
  readonly callback = (length: number): true => {
    const memory = this.#memory;
    const isCollected = memory !== undefined && this.#next.buffer === memory.buffer;
    if (!isCollected) {
      this.#receiver.link?.take(this.#next.subarray(0, length));
      if (length === RECORD && this.#next === this.#usual) this.#memory = takeMemory();
      return true;
    }
    this.#to += length;
    const isAlone = length < RECORD && this.#to - this.#from === length;
    if (isAlone || memory.length - this.#to < RECORD) {
      this.flush();
      this.#from = this.#to = 0;
      this.#alone = isAlone ? this.#alone + 1 : 0;
      if (this.#alone === FEW) this.#giveBack();
    } else if (!this.#scheduled) {
      this.#alone = 0;
      this.#scheduled = true;
      setImmediate(this.flush);
    }
    return true;
  };

  /** Delivers what was collected. */
  readonly flush = (): void => {
    this.#scheduled = false;
    const from = this.#from;
    // The next read continues behind these bytes: its buffer has been chosen.
    this.#from = this.#to;
    if (this.#to > from) this.#receiver.link?.take(this.#memory!.subarray(from, this.#to));
  };

  /** Delivers what was collected, and reads no more. */
  end(): void {
    this.flush();
    this.#giveBack();
  }

  #giveBack(): void {
    if (this.#memory !== undefined) spare.push(this.#memory);
    this.#memory = undefined;
    this.#from = this.#to = this.#alone = 0;
  }
}
