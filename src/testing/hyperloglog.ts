/**
 * HyperLogLogs in the two encodings of Redis, as strings that GET, SET and DUMP can move: 16,384 registers of 6 bits.
 *
 * @module
 */
import { murmurHash64 } from "./murmur.ts";
import { err, ErrorReply } from "./reply.ts";
import { toBytes, toText } from "./types/bytes.ts";

const REGISTERS = 16_384;
const HEADER = 16;
const DENSE_SIZE = HEADER + (REGISTERS * 6 + 7 >> 3);
const SEED = 0xadc83b19;
const SPARSE_MAX = 32;
const ALPHA = 0.721347520444481703680;

const INVALID = new ErrorReply("INVALIDOBJ Corrupted HLL object detected");

/** What is said of a string that is no HyperLogLog. */
export const NOT_HLL: ErrorReply = new ErrorReply("WRONGTYPE Key is not a valid HyperLogLog string value.");

/** Registers, and whether the encoding is sparse. */
export interface HyperLogLog {
  /** One byte a register. */
  readonly registers: Uint8Array;
  /** The encoding. */
  sparse: boolean;
}

/** An empty one. */
export function emptyLog(): HyperLogLog {
  return { registers: new Uint8Array(REGISTERS), sparse: true };
}

/** Reads one.
 *
 * @throws {ErrorReply} for what is none. */
export function readLog(text: string): HyperLogLog {
  if (text.length < HEADER || !text.startsWith("HYLL")) throw NOT_HLL;
  const encoding = text.charCodeAt(4);
  if (encoding > 1 || (encoding === 0 && text.length !== DENSE_SIZE)) throw NOT_HLL;
  const bytes = toBytes(text);
  const registers = new Uint8Array(REGISTERS);
  if (encoding === 0) {
    for (let i = 0; i < REGISTERS; i++) registers[i] = readDense(bytes, i);
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

function readDense(bytes: Uint8Array, index: number): number {
  const bit = index * 6;
  const [byte, shift] = [HEADER + (bit >> 3), bit & 7];
  return ((bytes[byte]! >> shift) | ((bytes[byte + 1] ?? 0) << (8 - shift))) & 63;
}

function writeSparse(registers: Uint8Array): number[] {
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

/** Writes one; the cached count is marked as stale. It becomes dense where it has to. */
export function writeLog(log: HyperLogLog, sparseMost: number): string {
  const { registers } = log;
  if (log.sparse) {
    const codes = registers.some((value) => value > SPARSE_MAX) ? undefined : writeSparse(registers);
    if (codes !== undefined && codes.length + HEADER <= sparseMost + HEADER) {
      return "HYLL\x01\0\0\0" + "\0\0\0\0\0\0\0\x80" + toText(Uint8Array.from(codes));
    }
    log.sparse = false;
  }
  const bytes = new Uint8Array(DENSE_SIZE);
  bytes.set(toBytes("HYLL"));
  bytes[15] = 0x80;
  for (let i = 0; i < REGISTERS; i++) {
    const bit = i * 6;
    const [byte, shift] = [HEADER + (bit >> 3), bit & 7];
    bytes[byte]! |= registers[i]! << shift;
    if (shift > 2) bytes[byte + 1]! |= registers[i]! >> (8 - shift);
  }
  return toText(bytes);
}

/** Adds an element. Returns whether a register grew. */
export function addElement({ registers }: HyperLogLog, element: string): boolean {
  const { high, low } = murmurHash64(element, SEED);
  const index = low & (REGISTERS - 1);
  // Zeros from bit 14 on, and one more; a bit at the end of the word stops the count.
  const rest = ((low >>> 14) | (high << 18)) >>> 0;
  let count: number;
  if (rest !== 0) count = 32 - Math.clz32(rest & -rest);
  else {
    const top = ((high >>> 14) | (1 << 18)) >>> 0;
    count = 32 + (32 - Math.clz32(top & -top));
  }
  if (registers[index]! >= count) return false;
  registers[index] = count;
  return true;
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

/** For the errors of PFDEBUG. */
export const NO_LOG: ErrorReply = err("The specified key does not exist");
