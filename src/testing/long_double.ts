/**
 * Sums of decimals with 64 bits of mantissa, as INCRBYFLOAT makes them (80-bit `long double`), written with 17 decimals.
 *
 * @module
 */

import { readDouble } from "./numbers.ts";

const MANTISSA = 64;

interface Fraction {
  readonly n: bigint;
  readonly d: bigint;
}

function bits(value: bigint): number {
  return value.toString(2).length;
}

/** The nearest fraction with 64 bits of mantissa; halves go to the even one. */
function round({ n, d }: Fraction): Fraction {
  if (n === 0n) return { n, d: 1n };
  const negative = n < 0n;
  const size = negative ? -n : n;
  let shift = BigInt(MANTISSA - (bits(size) - bits(d)));
  for (;;) {
    const top = shift >= 0n ? size << shift : size;
    const bottom = shift >= 0n ? d : d << -shift;
    let quotient = top / bottom;
    const rest = top % bottom;
    const length = bits(quotient);
    if (length > MANTISSA) {
      shift--;
      continue;
    }
    if (length < MANTISSA) {
      shift++;
      continue;
    }
    if (rest * 2n > bottom || (rest * 2n === bottom && (quotient & 1n) === 1n)) quotient++;
    const signed = negative ? -quotient : quotient;
    return shift >= 0n ? { n: signed, d: 1n << shift } : { n: signed << -shift, d: 1n };
  }
}

function read(text: string): Fraction | undefined {
  if (/^[+-]?0x/i.test(text)) text = readDouble(text)?.toFixed(17) ?? "";
  const found = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (found === null || found[2]! + found[3]! === "") return undefined;
  const [, sign, whole, decimals, power = "0"] = found;
  const exponent = Number(power) - decimals!.length;
  if (Math.abs(exponent) > 5000) return undefined;
  const digits = BigInt(whole! + decimals!) * (sign === "-" ? -1n : 1n);
  return exponent >= 0
    ? { n: digits * 10n ** BigInt(exponent), d: 1n }
    : { n: digits, d: 10n ** BigInt(-exponent) };
}

/** The sum of two decimals; `undefined` where one of them is none. */
export function addDecimals(a: string, b: string): string | undefined {
  const [x, y] = [read(a), read(b)];
  if (x === undefined || y === undefined) return undefined;
  const [p, q] = [round(x), round(y)];
  const { n, d } = round({ n: p.n * q.d + q.n * p.d, d: p.d * q.d });
  const scale = 10n ** 17n;
  const negative = n < 0n;
  const top = (negative ? -n : n) * scale;
  let scaled = top / d;
  const rest = top % d;
  if (rest * 2n > d || (rest * 2n === d && (scaled & 1n) === 1n)) scaled++;
  const decimals = String(scaled % scale).padStart(17, "0").replace(/0+$/, "");
  const whole = String(scaled / scale);
  if (scaled === 0n) return "0";
  return `${negative ? "-" : ""}${whole}${decimals === "" ? "" : `.${decimals}`}`;
}
