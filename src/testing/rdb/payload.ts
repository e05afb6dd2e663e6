/**
 * The end of a payload of DUMP: its version and its checksum.
 *
 * @module
 */
import { toBytes, toText } from "../types/bytes.ts";

/** The version of the format that Redis 7.0 writes. */
const VERSION = 10;
/** The version in which Redis 7.4 writes hashes with expiring fields: the latest that can be read. */
const FIELD_EXPIRY_VERSION = 12;
const POLYNOMIAL = 0x95ac9329ac4bc9b5n;

let table: BigUint64Array | undefined;

function checksum(bytes: Uint8Array): bigint {
  table ??= BigUint64Array.from({ length: 256 }, (_, byte) => {
    let value = BigInt(byte);
    for (let i = 0; i < 8; i++) value = (value & 1n) === 1n ? (value >> 1n) ^ POLYNOMIAL : value >> 1n;
    return value;
  });
  let sum = 0n;
  for (const byte of bytes) sum = table[Number(sum & 255n) ^ byte]! ^ (sum >> 8n);
  return sum;
}

/** Returns a value with version and checksum; `expiringFields` selects the version that has them. */
export function seal(text: string, expiringFields: boolean = false): string {
  const body = text + String.fromCharCode(expiringFields ? FIELD_EXPIRY_VERSION : VERSION, 0);
  const sum = new Uint8Array(8);
  new DataView(sum.buffer).setBigUint64(0, checksum(toBytes(body)), true);
  return body + toText(sum);
}

/** Whether the version and the checksum of a payload are right. */
export function checkPayload(payload: string): boolean {
  if (payload.length < 10) return false;
  const bytes = toBytes(payload);
  const view = new DataView(bytes.buffer);
  if (view.getUint16(bytes.length - 10, true) > FIELD_EXPIRY_VERSION) return false;
  const sum = view.getBigUint64(bytes.length - 8, true);
  return sum === 0n || sum === checksum(bytes.subarray(0, -8));
}

/** Returns a payload without version and checksum. */
export function unseal(payload: string): Uint8Array {
  return toBytes(payload.slice(0, -10));
}
