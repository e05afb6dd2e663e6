/**
 * Shapes of arguments that are not derived from the documentation, and how they become arguments.
 *
 * @module
 */
import type { Arg } from "../resp/types.ts";
import {
  type AtMostOne,
  type Entries,
  type ExactlyOne,
  type Num,
  type OneOrMany,
  pairs,
  withOptions,
} from "./arguments.ts";
import type { CommandSpec } from "./command.ts";

/** Scores and members: `[[1, "a"], [2, "b"]]`. */
export type Scores = readonly (readonly [score: Num, member: Arg])[];

/** Places: `[[13.361389, 38.115556, "Palermo"]]`. */
export type Places = readonly (readonly [longitude: Num, latitude: Num, member: Arg])[];

/** Runs of slots: `[[0, 5460], [10923, 16383]]`. */
export type SlotRanges = readonly (readonly [start: Num, end: Num])[];

/** One operation of BITFIELD, in the order of its documentation. */
export type BitfieldOperation =
  | readonly [operation: "GET" | "get", encoding: string, offset: Num]
  | readonly [operation: "SET" | "set", encoding: string, offset: Num, value: Num]
  | readonly [operation: "INCRBY" | "incrby", encoding: string, offset: Num, increment: Num]
  | readonly ["OVERFLOW" | "overflow", "WRAP" | "SAT" | "FAIL" | "wrap" | "sat" | "fail"];

/** A bound of a stream: exact, or with `["~", bound]` where trimming is cheap. */
export type TrimBound = Num | readonly ["=" | "~", Num];

/** The options that trim a stream. */
export type TrimOptions =
  & AtMostOne<{
    /** Keeps that many entries. */
    maxlen: TrimBound;
    /** Keeps entries from this id on. */
    minid: TrimBound;
  }>
  & {
    /** The maximum number of entries to evict; only with `"~"`. */
    limit?: Num;
  }
  & StreamReferences;

/** The handling of references of consumer groups to removed entries. Default: they are kept (since Redis 8.2). */
export type StreamReferences = AtMostOne<{
  /** Keeps the references of all groups. */
  keepRef: boolean;
  /** Removes the references of all groups. */
  delRef: boolean;
  /** Removes only entries that all groups have acknowledged. */
  acked: boolean;
}>;

/** A metric of HOTKEYS. */
export type HotkeyMetric = "CPU" | "NET" | "cpu" | "net";

/** A unit of length. */
export type GeoUnit = "M" | "KM" | "FT" | "MI" | "m" | "km" | "ft" | "mi";

/** The area that GEOSEARCH searches. */
export type GeoShape =
  & (
    | (
      & ExactlyOne<{
        /** Around a member of the set. */
        fromMember: Arg;
        /** Around a place. */
        fromLonLat: readonly [longitude: Num, latitude: Num];
      }>
      & ExactlyOne<{
        /** Within a circle. */
        byRadius: { readonly radius: Num; readonly unit: GeoUnit };
        /** Within a box. */
        byBox: { readonly width: Num; readonly height: Num; readonly unit: GeoUnit };
      }>
      & { byPolygon?: never }
    )
    | {
      /** Within a polygon, without a centre (Valkey 9.0). */
      byPolygon: readonly (readonly [longitude: Num, latitude: Num])[];
      byRadius?: never;
      byBox?: never;
      fromMember?: never;
      fromLonLat?: never;
    }
  )
  & AtMostOne<{
    /** Nearest first. */
    asc: boolean;
    /** Farthest first. */
    desc: boolean;
  }>;

/** At least one detail, so that the reply contains objects. */
export type GeoDetail = { withCoord: true } | { withDist: true } | { withHash: true };

/** No detail is asked for: the reply is made of members. */
export type GeoPlain = { withCoord?: false; withDist?: false; withHash?: false };

/** The options of GEOSEARCH and GEOSEARCHSTORE. */
export function geoShape(spec: CommandSpec, out: Arg[], given: object): Arg[] {
  const { byPolygon, ...others } = given as { byPolygon?: readonly (readonly Arg[])[] };
  const { byRadius, byBox, fromMember, fromLonLat } = others as Readonly<Record<string, unknown>>;
  const wrong = (why: string) => new TypeError(`Cannot make ${spec.name}: ${why}`);
  if (byPolygon !== undefined) {
    const more = Object.entries({ byRadius, byBox, fromMember, fromLonLat }).find(([, value]) =>
      value !== undefined
    );
    if (more !== undefined) throw wrong(`the options byPolygon and ${more[0]} exclude each other`);
    out.push("BYPOLYGON", byPolygon.length, ...byPolygon.flat());
  } else if (byRadius === undefined && byBox === undefined) {
    throw wrong("it takes one of byRadius, byBox and byPolygon");
  } else if (fromMember === undefined && fromLonLat === undefined) {
    throw wrong("it takes one of fromMember and fromLonLat");
  }
  return withOptions(
    spec,
    out,
    "fromMember=|fromLonLat* byRadius{radius,unit}|byBox{width,height,unit} asc|desc count= any withCoord withDist withHash storeDist",
    others,
  );
}

/** STREAMS, then the keys, then the ids. */
export function streamIds(spec: CommandSpec, out: Arg[], streams: Entries): Arg[] {
  const flat = pairs(spec, [], streams);
  out.push("STREAMS", ...flat.filter((_, at) => at % 2 === 0), ...flat.filter((_, at) => at % 2 === 1));
  return out;
}

/** The script or function, the number of keys, the keys, the arguments. */
export function scriptArguments(code: Arg, keys: readonly Arg[] = [], args: readonly Arg[] = []): Arg[] {
  if (!Array.isArray(keys) || !Array.isArray(args)) {
    throw new TypeError(
      "Cannot make a script's call: keys and arguments are lists, as in (script, [key], [argument])",
    );
  }
  return [code, keys.length, ...keys, ...args];
}

/** Whether an argument is an object of options. */
export function isOptions<T>(value: Arg | T | undefined): value is T {
  return typeof value === "object" && !(value instanceof Uint8Array);
}

/** A vector: its numbers, or 32-bit floats as bytes (little endian). */
export type Vector = readonly number[] | Float32Array | { readonly fp32: Uint8Array };

/** The query of VSIM: a vector, or an element of the set. */
export type VectorQuery = Vector | { readonly element: Arg };

/** ELE, FP32 or VALUES, and what belongs to it. */
export function vectorArguments(out: Arg[], vector: VectorQuery): Arg[] {
  if ("element" in vector) out.push("ELE", vector.element);
  else if ("fp32" in vector) out.push("FP32", vector.fp32);
  else out.push("VALUES", vector.length, ...vector);
  return out;
}

/** A type of connections. */
export type ClientType =
  | "NORMAL"
  | "MASTER"
  | "PRIMARY"
  | "SLAVE"
  | "REPLICA"
  | "PUBSUB"
  | Lowercase<
    "NORMAL" | "MASTER" | "PRIMARY" | "SLAVE" | "REPLICA" | "PUBSUB"
  >;

/**
 * A filter for CLIENT LIST and CLIENT KILL: connections that match all fields. Redis supports `id` and `type` for the
 * list, and the fields up to `maxAge` for KILL; Valkey 9 supports all.
 */
export interface ClientFilter {
  /** Their ids. */
  readonly id?: OneOrMany;
  /** Their type. */
  readonly type?: ClientType;
  /** The user that they are authenticated as. */
  readonly user?: Arg;
  /** Their address, `ip:port`. */
  readonly addr?: Arg;
  /** The server's address that they are connected to. */
  readonly laddr?: Arg;
  /** Whether the connection that asks is left out. */
  readonly skipMe?: boolean;
  /** Older than that many seconds. */
  readonly maxAge?: Num;
  /** Their name. */
  readonly name?: Arg;
  /** Idle for at least that many seconds. */
  readonly idle?: Num;
  /** Their flags, as in CLIENT LIST. */
  readonly flags?: Arg;
  /** The name of their library. */
  readonly libName?: Arg;
  /** The version of their library. */
  readonly libVer?: Arg;
  /** The database that they have selected. */
  readonly db?: Num;
  /** Their capabilities. */
  readonly capa?: Arg;
  /** Their IP address. */
  readonly ip?: Arg;
  /** Excludes these ids. */
  readonly notId?: OneOrMany;
  /** Excludes this type. */
  readonly notType?: ClientType;
  /** Excludes this user. */
  readonly notUser?: Arg;
  /** Excludes this address. */
  readonly notAddr?: Arg;
  /** Excludes this address of the server. */
  readonly notLaddr?: Arg;
  /** Excludes this name. */
  readonly notName?: Arg;
  /** Excludes these flags. */
  readonly notFlags?: Arg;
  /** Excludes this library. */
  readonly notLibName?: Arg;
  /** Excludes this version of the library. */
  readonly notLibVer?: Arg;
  /** Excludes this database. */
  readonly notDb?: Num;
  /** Excludes these capabilities. */
  readonly notCapa?: Arg;
  /** Excludes this IP address. */
  readonly notIp?: Arg;
}

/** The plan of {@linkcode ClientFilter}. */
export const CLIENT_FILTER: string =
  "id* type= user= addr= laddr= skipMe? maxAge= name= idle= flags= libName=:LIB-NAME libVer=:LIB-VER db= capa= ip= " +
  "notId*:NOT-ID notType=:NOT-TYPE notUser=:NOT-USER notAddr=:NOT-ADDR notLaddr=:NOT-LADDR notName=:NOT-NAME " +
  "notFlags=:NOT-FLAGS notLibName=:NOT-LIB-NAME notLibVer=:NOT-LIB-VER notDb=:NOT-DB notCapa=:NOT-CAPA notIp=:NOT-IP";
