/**
 * SHA-1, by which scripts are named; Web Crypto has it only as a promise.
 *
 * @module
 */

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** The words of the block that is mixed. */
const WORDS = new Int32Array(80);

/** The hash of a text, each character a byte, as 40 hexadecimal digits. */
export function sha1(text: string): string {
  const { length } = text;
  const blocks = (length + 8 >> 6) + 1;
  const words = WORDS;
  let [h0, h1, h2, h3, h4] = [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476, 0xc3d2e1f0 | 0];
  const byte = (at: number): number => at < length ? text.charCodeAt(at) & 0xff : at === length ? 0x80 : 0;
  for (let block = 0; block < blocks; block++) {
    const start = block * 64;
    for (let i = 0; i < 16; i++) {
      const at = start + 4 * i;
      words[i] = at + 3 < length
        ? (text.charCodeAt(at) & 0xff) << 24 | (text.charCodeAt(at + 1) & 0xff) << 16 |
          (text.charCodeAt(at + 2) & 0xff) << 8 | text.charCodeAt(at + 3) & 0xff
        : byte(at) << 24 | byte(at + 1) << 16 | byte(at + 2) << 8 | byte(at + 3);
    }
    if (block === blocks - 1) {
      words[14] = Math.floor(length / 2 ** 29);
      words[15] = length << 3;
    }
    for (let i = 16; i < 80; i++) {
      words[i] = rotate(words[i - 3]! ^ words[i - 8]! ^ words[i - 14]! ^ words[i - 16]!, 1);
    }
    let a = h0;
    let b = h1;
    let c = h2;
    let d = h3;
    let e = h4;
    for (let i = 0; i < 80; i++) {
      const mixed = i < 20
        ? ((b & c) | (~b & d)) + 0x5a827999
        : i < 40
        ? (b ^ c ^ d) + 0x6ed9eba1
        : i < 60
        ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
        : (b ^ c ^ d) + 0xca62c1d6;
      const next = (rotate(a, 5) + mixed + e + words[i]!) | 0;
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = next;
    }
    h0 = (h0 + a) | 0;
    h1 = (h1 + b) | 0;
    h2 = (h2 + c) | 0;
    h3 = (h3 + d) | 0;
    h4 = (h4 + e) | 0;
  }
  return hex(h0) + hex(h1) + hex(h2) + hex(h3) + hex(h4);
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
