/**
 * MurmurHash64A, as HyperLogLogs of Redis use it. In four parts of 16 bits, as integers of 64 bits are slow.
 *
 * @module
 */

/** A hash in two halves of 32 bits. */
export interface Hash64 {
  /** The upper half. */
  high: number;
  /** The lower half. */
  low: number;
}

const M_HIGH = 0xc6a4a793;
const M_LOW = 0x5bd1e995;

/** The product of two numbers of 32 bits, upper half. */
function multiplyHigh(a: number, b: number): number {
  const [a1, a0, b1, b0] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const other = a0 * b1 + (middle & 0xffff);
  return (a1 * b1 + Math.floor(middle / 65536) + Math.floor(other / 65536)) >>> 0;
}

function multiply(value: Hash64): void {
  const { high, low } = value;
  value.low = Math.imul(low, M_LOW) >>> 0;
  value.high = (multiplyHigh(low, M_LOW) + Math.imul(low, M_HIGH) + Math.imul(high, M_LOW)) >>> 0;
}

/** `value ^= value >> 47`. */
function mix(value: Hash64): void {
  value.low = (value.low ^ (value.high >>> 15)) >>> 0;
}

/** The hash of a text, each character a byte. */
export function murmurHash64(text: string, seed: number): Hash64 {
  const { length } = text;
  // seed ^ (length * m)
  const hash: Hash64 = {
    low: (seed ^ Math.imul(length, M_LOW)) >>> 0,
    high: (multiplyHigh(length, M_LOW) + Math.imul(length, M_HIGH)) >>> 0,
  };
  const word = (at: number, count: number): number => {
    let value = 0;
    for (let i = 0; i < count; i++) value |= text.charCodeAt(at + i) << (8 * i);
    return value >>> 0;
  };
  let at = 0;
  for (; at + 8 <= length; at += 8) {
    const k = { low: word(at, 4), high: word(at + 4, 4) };
    multiply(k);
    mix(k);
    multiply(k);
    hash.low = (hash.low ^ k.low) >>> 0;
    hash.high = (hash.high ^ k.high) >>> 0;
    multiply(hash);
  }
  const rest = length - at;
  if (rest > 0) {
    hash.low = (hash.low ^ word(at, Math.min(4, rest))) >>> 0;
    if (rest > 4) hash.high = (hash.high ^ word(at + 4, rest - 4)) >>> 0;
    multiply(hash);
  }
  mix(hash);
  multiply(hash);
  mix(hash);
  return hash;
}
