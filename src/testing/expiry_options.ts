/**
 * Times to live among arguments.
 *
 * @module
 */
import { INT64_MAX, parseInteger } from "./numbers.ts";
import { err, NOT_INTEGER } from "./reply.ts";

/**
 * Returns the time of expiry in milliseconds since 1970, for `EX 10` and the like.
 *
 * @throws {ErrorReply} if the value is not a positive 64-bit integer.
 */
export function expiryOf(
  text: string,
  unit: "EX" | "PX" | "EXAT" | "PXAT",
  now: number,
  command: string,
): number {
  const value = parseInteger(text);
  if (value === undefined) throw NOT_INTEGER;
  const invalid = err(`invalid expire time in '${command}' command`);
  if (value <= 0) throw invalid;
  let ms = BigInt(value);
  if (unit === "EX" || unit === "EXAT") ms *= 1000n;
  if (unit === "EX" || unit === "PX") ms += BigInt(now);
  if (ms > INT64_MAX) throw invalid;
  return Number(ms);
}
