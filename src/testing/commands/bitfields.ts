/**
 * BITFIELD.
 *
 * @module
 */
import { changed, notify } from "../keyspace.ts";
import { bigInteger, narrow } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { err, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import { bitOffset, readBytes } from "./bitmaps.ts";
import { bytesOf } from "./strings.ts";

interface Operation {
  readonly kind: "GET" | "SET" | "INCRBY";
  readonly signed: boolean;
  readonly bits: number;
  readonly offset: number;
  readonly value: bigint;
  readonly overflow: string;
}

function readOperations(session: Session, args: readonly string[], readOnly: boolean): Operation[] {
  const operations: Operation[] = [];
  let overflow = "WRAP";
  for (let i = 2; i < args.length;) {
    const kind = args[i]!.toUpperCase();
    const left = args.length - i - 1;
    if (kind === "OVERFLOW" && left >= 1) {
      overflow = args[i + 1]!.toUpperCase();
      if (!["WRAP", "SAT", "FAIL"].includes(overflow)) throw err("Invalid OVERFLOW type specified");
      i += 2;
      continue;
    }
    const words = kind === "GET" ? 2 : kind === "SET" || kind === "INCRBY" ? 3 : Infinity;
    if (left < words) throw SYNTAX;
    const type = /^([iu])(\d{1,3})$/.exec(args[i + 1]!);
    const bits = Number(type?.[2] ?? 0);
    const signed = type?.[1] === "i";
    if (bits < 1 || bits > (signed ? 64 : 63)) {
      throw err(
        "Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.",
      );
    }
    const offset = bitOffset(session, args[i + 2]!, bits);
    if (kind !== "GET" && readOnly) throw err("BITFIELD_RO only supports the GET subcommand");
    const value = kind === "GET" ? 0n : bigInteger(args[i + 3]!);
    operations.push({ kind: kind as "GET", signed, bits, offset, value, overflow });
    i += words + 1;
  }
  return operations;
}

function getBits(bytes: Uint8Array, { offset, bits, signed }: Operation): bigint {
  let value = 0n;
  for (let i = 0; i < bits; i++) {
    const at = offset + i;
    value = (value << 1n) | BigInt(((bytes[Math.floor(at / 8)] ?? 0) >> (7 - at % 8)) & 1);
  }
  return signed ? BigInt.asIntN(bits, value) : value;
}

function setBits(bytes: Uint8Array, { offset, bits }: Operation, value: bigint): void {
  for (let i = 0; i < bits; i++) {
    const at = offset + i;
    const mask = 128 >> (at % 8);
    const place = Math.floor(at / 8);
    if (((value >> BigInt(bits - 1 - i)) & 1n) === 1n) bytes[place]! |= mask;
    else bytes[place]! &= ~mask;
  }
}

/** A value in the bounds of its type; `undefined` where it is out of them and that fails. */
function bounded({ signed, bits, overflow }: Operation, value: bigint): bigint | undefined {
  const most = signed ? (1n << BigInt(bits - 1)) - 1n : (1n << BigInt(bits)) - 1n;
  const least = signed ? -(1n << BigInt(bits - 1)) : 0n;
  if (value >= least && value <= most) return value;
  if (overflow === "FAIL") return undefined;
  if (overflow === "SAT") return value > most ? most : least;
  return signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
}

function bitfield(readOnly: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const operations = readOperations(session, args, readOnly);
    const writes = operations.filter(({ kind }) => kind !== "GET");
    const key = args[1]!;
    if (writes.length === 0) {
      session.server.counts = true;
      const bytes = readBytes(session, key) ?? new Uint8Array(0);
      return operations.map((operation) => narrow(getBits(bytes, operation)));
    }
    const bytes = bytesOf(session, key);
    const { length } = bytes;
    bytes.grow(Math.max(...writes.map(({ offset, bits }) => Math.floor((offset + bits - 1) / 8) + 1)));
    let count = 0;
    const reply = operations.map((operation) => {
      const { view } = bytes;
      const old = getBits(view, operation);
      if (operation.kind === "GET") return narrow(old);
      // A value of SET is taken as unsigned where the type is.
      const wanted = operation.kind === "INCRBY"
        ? old + operation.value
        : operation.signed
        ? operation.value
        : BigInt.asUintN(64, operation.value);
      const value = bounded(operation, wanted);
      if (value === undefined) return null;
      setBits(view, operation, BigInt.asUintN(operation.bits, value));
      if (value !== old || bytes.length > length) count++;
      return narrow(operation.kind === "SET" ? old : value);
    });
    if (count > 0) {
      changed(session, key);
      notify(session.server, session.db, "$", "setbit", key);
    }
    return reply;
  };
}

/** Bit fields. */
export const bitfields: CommandGroup = {
  bitfield: bitfield(false),
  bitfield_ro: bitfield(true),
};
