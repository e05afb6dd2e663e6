/**
 * The hash slot of a key: CRC16 (XMODEM) of the key or of its hash tag, modulo 16,384.
 *
 * @module
 */

/** The number of slots of a cluster. */
export const SLOTS = 16_384;

const POLYNOMIAL = 0x1021;

/** The remainders of all bytes. */
const REMAINDERS: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte << 8;
  for (let bit = 0; bit < 8; bit++) {
    remainder = (remainder & 0x8000) !== 0 ? ((remainder << 1) ^ POLYNOMIAL) & 0xffff : remainder << 1;
  }
  return remainder;
});

/** Returns the hashed part of a key: the text within the first braces, unless it is empty. */
export function hashTag(key: string): string {
  const open = key.indexOf("{");
  if (open < 0) return key;
  const close = key.indexOf("}", open + 1);
  return close < 0 || close === open + 1 ? key : key.slice(open + 1, close);
}

/** The slot of a key, each of whose characters is a byte. */
export function hashSlot(key: string): number {
  const text = hashTag(key);
  let sum = 0;
  for (let i = 0; i < text.length; i++) {
    sum = ((sum << 8) & 0xffff) ^ REMAINDERS[(sum >> 8) ^ text.charCodeAt(i)]!;
  }
  return sum % SLOTS;
}
