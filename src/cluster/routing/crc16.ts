/**
 * CRC16 as Redis Cluster uses it (XMODEM: polynomial 0x1021, no reflection, initial value 0).
 *
 * @module
 */

function makeTable(): Uint16Array {
  const table = new Uint16Array(256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
    table[byte] = crc;
  }
  return table;
}

const TABLE: Uint16Array = /* @__PURE__ */ makeTable();

/** The CRC16 of bytes. */
export function crc16(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  let crc = 0;
  for (let index = start; index < end; index++) {
    crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ bytes[index]!]!;
  }
  return crc;
}

/** The CRC16 of a text's bytes, if it is ASCII from `start` to `end`; else -1. */
export function crc16Ascii(text: string, start: number, end: number): number {
  let crc = 0;
  for (let index = start; index < end; index++) {
    const code = text.charCodeAt(index);
    if (code > 127) return -1;
    crc = ((crc << 8) & 0xffff) ^ TABLE[(crc >> 8) ^ code]!;
  }
  return crc;
}
