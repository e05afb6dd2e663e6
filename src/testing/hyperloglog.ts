/**
 * HyperLogLogs in the two encodings of Redis, in a string that GET and SET can move: 16,384 registers of 6 bits.
 *
 * @module
 */
import { murmurHash64 } from "./murmur.ts";
import { ErrorReply } from "./reply.ts";
import { Bytes, toText } from "./types/bytes.ts";

const REGISTERS = 16_384;
const HEADER = 16;
const DENSE_SIZE = HEADER + ((REGISTERS * 6 + 7) >> 3);
const SEED = 0xadc83b19;
const SPARSE_MAX = 32;
const ALPHA = 0.721347520444481703680;

const INVALID = new ErrorReply("INVALIDOBJ Corrupted HLL object detected");
const NOT_HLL = new ErrorReply("WRONGTYPE Key is not a valid HyperLogLog string value.");

/** Registers that have been read from a string, and are as it is. */
export interface HyperLogLog {
  /** One byte a register. */
  readonly registers: Uint8Array;
  /** The encoding. */
  sparse: boolean;
}

/** The last parsed value of a string and its version, so that adding elements one by one does not parse it again. */
const known: WeakMap<Bytes, { readonly log: HyperLogLog; version: number }> = new WeakMap();

/** An empty one. */
export function emptyLog(): HyperLogLog {
  return { registers: new Uint8Array(REGISTERS), sparse: true };
}

/**
 * Parses a HyperLogLog.
 *
 * @throws {ErrorReply} for an invalid value.
 */
export function readLog(value: Bytes): HyperLogLog {
  const before = known.get(value);
  if (before !== undefined && before.version === value.version) return before.log;
  const log = decode(value);
  known.set(value, { log, version: value.version });
  return log;
}

/**
 * Checks only the header, as Redis does before it needs the rest.
 *
 * @throws {ErrorReply} for an invalid header.
 */
export function checkHeader({ view }: Bytes): void {
  const [encoding] = view.subarray(4, 5);
  const known = view.length >= HEADER && toText(view.subarray(0, 4)) === "HYLL" && encoding! <= 1;
  if (!known || (encoding === 0 && view.length !== DENSE_SIZE)) throw NOT_HLL;
}

function decode(value: Bytes): HyperLogLog {
  checkHeader(value);
  const bytes = value.view;
  const encoding = bytes[4]!;
  const registers = new Uint8Array(REGISTERS);
  if (encoding === 0) {
    for (let i = 0; i < REGISTERS; i++) {
      const [byte, shift] = [HEADER + ((i * 6) >> 3), (i * 6) & 7];
      registers[i] = ((bytes[byte]! >> shift) | ((bytes[byte + 1] ?? 0) << (8 - shift))) & 63;
    }
    return { registers, sparse: false };
  }
  let at = 0;
  for (let i = HEADER; i < bytes.length; i++) {
    const code = bytes[i]!;
    if ((code & 0xc0) === 0) at += (code & 0x3f) + 1;
    else if ((code & 0xc0) === 0x40) at += (((code & 0x3f) << 8) | (bytes[++i] ?? 0)) + 1;
    else {
      const [value, count] = [((code >> 2) & 0x1f) + 1, (code & 3) + 1];
      if (at + count > REGISTERS) throw INVALID;
      registers.fill(value, at, at + count);
      at += count;
    }
  }
  if (at !== REGISTERS) throw INVALID;
  return { registers, sparse: true };
}

function encodeSparse(registers: Uint8Array): number[] {
  const codes: number[] = [];
  for (let at = 0; at < REGISTERS;) {
    const value = registers[at]!;
    let end = at + 1;
    while (end < REGISTERS && registers[end] === value) end++;
    let run = end - at;
    at = end;
    if (value === 0) {
      if (run > 64) codes.push(0x40 | ((run - 1) >> 8), (run - 1) & 255);
      else codes.push(run - 1);
      continue;
    }
    for (; run > 0; run -= 4) codes.push(0x80 | ((value - 1) << 2) | (Math.min(run, 4) - 1));
  }
  return codes;
}

/** A new string for registers, dense where it has to be; its count is not known. */
export function writeLog(log: HyperLogLog, sparseMost: number): Bytes {
  const head = `HYLL${log.sparse ? "\x01" : "\0"}\0\0\0\0\0\0\0\0\0\0\x80`;
  if (log.sparse) {
    const codes = log.registers.some((value) => value > SPARSE_MAX) ? undefined : encodeSparse(log.registers);
    if (codes !== undefined && codes.length <= sparseMost) {
      return remember(new Bytes(head + toText(Uint8Array.from(codes))), log);
    }
    log.sparse = false;
    return writeLog(log, sparseMost);
  }
  const value = new Bytes(head);
  value.grow(DENSE_SIZE);
  const { view } = value;
  for (const [index, register] of log.registers.entries()) if (register > 0) setDense(view, index, register);
  return remember(value, log);
}

function remember(value: Bytes, log: HyperLogLog): Bytes {
  known.set(value, { log, version: value.version });
  return value;
}

function setDense(bytes: Uint8Array, index: number, value: number): void {
  const [byte, shift] = [HEADER + ((index * 6) >> 3), (index * 6) & 7];
  bytes[byte] = (bytes[byte]! & ~(63 << shift)) | (value << shift);
  if (shift > 2) bytes[byte + 1] = (bytes[byte + 1]! & ~(63 >> (8 - shift))) | (value >> (8 - shift));
}

/** Adds an element to registers, and to the string where that is dense. Returns whether a register grew. */
export function addElement({ registers }: HyperLogLog, element: string, dense?: Uint8Array): boolean {
  const { high, low } = murmurHash64(element, SEED);
  const index = low & (REGISTERS - 1);
  // Zeros from bit 14 on, and one more; a bit at the end of the word stops the count.
  const rest = ((low >>> 14) | (high << 18)) >>> 0;
  const top = ((high >>> 14) | (1 << 18)) >>> 0;
  const count = rest !== 0 ? 32 - Math.clz32(rest & -rest) : 64 - Math.clz32(top & -top);
  if (registers[index]! >= count) return false;
  registers[index] = count;
  if (dense !== undefined) setDense(dense, index, count);
  return true;
}

/** The count that the string remembers; `undefined` where it is stale. */
export function cachedCount(value: Bytes): number | undefined {
  const { view } = value;
  if ((view[15]! & 0x80) !== 0) return undefined;
  return Number(new DataView(view.buffer, view.byteOffset).getBigUint64(8, true));
}

/** Lets the string remember its count, or forget it. */
export function cacheCount(value: Bytes, count: number | undefined): void {
  const { view } = value;
  if (count === undefined) view[15]! |= 0x80;
  else new DataView(view.buffer, view.byteOffset).setBigUint64(8, BigInt(count), true);
}

function sigma(x: number): number {
  if (x === 1) return Infinity;
  let [y, z] = [1, x];
  for (let before = NaN; before !== z;) {
    x *= x;
    before = z;
    z += x * y;
    y += y;
  }
  return z;
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let [y, z] = [1, 1 - x];
  for (let before = NaN; before !== z;) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}

/** About how many elements were added. */
export function countElements({ registers }: HyperLogLog): number {
  const histogram = new Uint32Array(64);
  for (const value of registers) histogram[value]!++;
  let z = REGISTERS * tau((REGISTERS - histogram[51]!) / REGISTERS);
  for (let j = 50; j >= 1; j--) {
    z += histogram[j]!;
    z *= 0.5;
  }
  z += REGISTERS * sigma(histogram[0]! / REGISTERS);
  return Math.round(ALPHA * REGISTERS * REGISTERS / z);
}
