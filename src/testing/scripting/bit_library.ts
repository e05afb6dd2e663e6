/**
 * `bit` of scripts: operations on numbers of 32 bits.
 *
 * @module
 */
import type { LuaFunction, LuaHost } from "./lua_host.ts";
import type { Pointer } from "./lua_module.ts";

/** The functions of `bit`. */
export function bitFunctions(host: LuaHost): Record<string, LuaFunction> {
  const { m } = host;
  const bits = (L: Pointer, place: number, name: string): number => {
    const value = host.checkNumber(L, place, name);
    if (Math.abs(value) < 2 ** 31) return roundToEven(value);
    // Rounded as by adding 2^52 + 2^51, whose low bits are then taken.
    return Number.isFinite(value) ? Number(BigInt.asIntN(32, BigInt(roundToEven(value)))) : 0;
  };
  const push = (L: Pointer, value: number): number => {
    m._lua_pushnumber(L, value | 0);
    return 1;
  };
  const fold = (name: string, join: (a: number, b: number) => number): LuaFunction => (L) => {
    let value = bits(L, 1, name);
    for (let place = m._lua_gettop(L); place > 1; place--) value = join(value, bits(L, place, name));
    return push(L, value);
  };
  const shift = (name: string, by: (value: number, count: number) => number): LuaFunction => (L) =>
    push(L, by(bits(L, 1, name), bits(L, 2, name) & 31));
  return {
    tobit: (L) => push(L, bits(L, 1, "tobit")),
    bnot: (L) => push(L, ~bits(L, 1, "bnot")),
    band: fold("band", (a, b) => a & b),
    bor: fold("bor", (a, b) => a | b),
    bxor: fold("bxor", (a, b) => a ^ b),
    lshift: shift("lshift", (value, count) => value << count),
    rshift: shift("rshift", (value, count) => value >>> count),
    arshift: shift("arshift", (value, count) => value >> count),
    rol: shift("rol", (value, count) => (value << count) | (value >>> (32 - count))),
    ror: shift("ror", (value, count) => (value << (32 - count)) | (value >>> count)),
    bswap(L) {
      const value = bits(L, 1, "bswap");
      return push(L, (value >>> 24) | ((value >>> 8) & 0xff00) | ((value & 0xff00) << 8) | (value << 24));
    },
    tohex(L) {
      const value = bits(L, 1, "tohex") >>> 0;
      const digits = m._lua_type(L, 2) < 0 ? 8 : bits(L, 2, "tohex");
      const text = value.toString(16).padStart(8, "0");
      const size = Math.min(8, Math.abs(digits));
      host.push(L, (digits < 0 ? text.toUpperCase() : text).slice(8 - size));
      return 1;
    },
  };
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest === 0.5) return floor % 2 === 0 ? floor : floor + 1;
  return rest < 0.5 ? floor : floor + 1;
}
