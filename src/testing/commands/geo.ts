/**
 * Geo.
 *
 * @module
 */
import {
  decodePlace,
  distance,
  distanceWithin,
  encodePlace,
  geohashText,
  isPlace,
  type Place,
  searchRanges,
  type Shape,
} from "../geohash.ts";
import { changedWith } from "../keyspace.ts";
import { double, integerIn } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { Double, err, NULL_ARRAY, type ReplyValue, SYNTAX } from "../reply.ts";
import type { Session } from "../state.ts";
import type { SortedSet } from "../types/sorted_set.ts";
import { addScores } from "./sorted_sets.ts";
import { storeScores } from "./sorted_sets_range.ts";

const UNITS: Readonly<Record<string, number>> = { m: 1, km: 1000, ft: 0.3048, mi: 1609.34 };

function unitOf(text: string): number {
  const unit = UNITS[text.toLowerCase()];
  if (unit === undefined) throw err("unsupported unit provided. please use M, KM, FT, MI");
  return unit;
}

function placeOf(lon: string, lat: string): Place {
  const place: Place = [double(lon), double(lat)];
  if (!isPlace(place)) {
    throw err(`invalid longitude,latitude pair ${fixed(place[0])},${fixed(place[1])}`);
  }
  return place;
}

/** `%f`. */
function fixed(value: number): string {
  if (Object.is(value, -0)) return "-0.000000";
  // `toFixed` has exponents from 1e21 on; such a number is whole.
  if (Number.isFinite(value) && Math.abs(value) >= 1e21) return `${BigInt(value)}.000000`;
  return Number.isFinite(value) ? value.toFixed(6) : value > 0 ? "inf" : "-inf";
}

/** A coordinate as `%.17Lf` without zeros at its end. */
function coordinate(value: number): Double {
  return new Double(value, value.toFixed(17).replace(/\.?0+$/, ""));
}

function geoadd(session: Session, args: string[]): ReplyValue {
  let [nx, xx, ch, at] = [false, false, false, 2];
  for (; at < args.length; at++) {
    const word = args[at]!.toUpperCase();
    if (word === "NX") nx = true;
    else if (word === "XX") xx = true;
    else if (word === "CH") ch = true;
    else break;
  }
  if ((args.length - at) % 3 !== 0 || (nx && xx)) throw SYNTAX;
  const pairs: [number, string][] = [];
  for (; at < args.length; at += 3) {
    pairs.push([encodePlace(placeOf(args[at]!, args[at + 1]!)), args[at + 2]!]);
  }
  return addScores(session, args[1]!, pairs, { nx, xx, ch }, "zadd");
}

interface Query {
  shape: Shape | undefined;
  unit: number;
  withDist: boolean;
  withHash: boolean;
  withCoord: boolean;
  count: number;
  any: boolean;
  sort: "asc" | "desc" | undefined;
  store: string | undefined;
  storeDist: boolean;
  /** Whether it is GEOSEARCH and not GEORADIUS. */
  searched: boolean;
}

interface Found {
  readonly member: string;
  readonly score: number;
  readonly metres: number;
  readonly place: Place;
}

function search(set: SortedSet, shape: Shape, limit: number): Found[] {
  const found: Found[] = [];
  for (const [from, to] of searchRanges(shape)) {
    if (limit > 0 && found.length >= limit) break;
    const first = set.order.countWhere(({ score }) => score < from);
    for (let node = set.order.at(first); node !== undefined && node.score < to; node = node.next[0]) {
      const place = decodePlace(node.score);
      const metres = distanceWithin(shape, place);
      if (metres === undefined) continue;
      found.push({ member: node.member, score: node.score, metres, place });
      if (limit > 0 && found.length >= limit) break;
    }
  }
  return found;
}

function reply(session: Session, set: SortedSet | undefined, query: Query): ReplyValue {
  const { count, unit, store } = query;
  if (set === undefined) {
    if (store === undefined) return [];
    if (session.db.delete(store)) changedWith(session, store, "g", "del");
    return 0;
  }
  const event = query.searched ? "geosearchstore" : "georadiusstore";
  let found = search(set, query.shape!, query.any ? count : 0);
  const sort = query.sort ?? (count > 0 && !query.any ? "asc" : undefined);
  if (sort !== undefined) found.sort((a, b) => sort === "asc" ? a.metres - b.metres : b.metres - a.metres);
  if (count > 0) found = found.slice(0, count);
  if (store !== undefined) {
    const pairs = found.map(({ member, score, metres }) =>
      [member, query.storeDist ? metres / unit : score] as const
    );
    return storeScores(session, store, pairs, event);
  }
  return found.map(({ member, score, metres, place }) => {
    const parts: ReplyValue[] = [member];
    if (query.withDist) parts.push((metres / unit).toFixed(4));
    if (query.withHash) parts.push(Math.trunc(score));
    if (query.withCoord) parts.push([coordinate(place[0]), coordinate(place[1])]);
    return parts.length === 1 ? member : parts;
  });
}

function newQuery(): Query {
  return {
    shape: undefined,
    unit: 1,
    withDist: false,
    withHash: false,
    withCoord: false,
    count: 0,
    any: false,
    sort: undefined,
    store: undefined,
    storeDist: false,
    searched: false,
  };
}

/** Reads an option that all searches have. Returns the place of its last word, or -1 where it is none. */
function readCommon(query: Query, args: readonly string[], at: number): number {
  const word = args[at]!.toUpperCase();
  if (word === "WITHDIST") query.withDist = true;
  else if (word === "WITHHASH") query.withHash = true;
  else if (word === "WITHCOORD") query.withCoord = true;
  else if (word === "ANY") query.any = true;
  else if (word === "ASC") query.sort = "asc";
  else if (word === "DESC") query.sort = "desc";
  else if (word === "COUNT" && at + 1 < args.length) {
    query.count = integerIn(args[at + 1]!, -Infinity, Infinity, "value is not an integer or out of range");
    if (query.count <= 0) throw err("COUNT must be > 0");
    return at + 1;
  } else return -1;
  return at;
}

function memberPlace(set: SortedSet | undefined, member: string): Place {
  const score = set?.score(member);
  if (score === undefined) throw err("could not decode requested zset member");
  return decodePlace(score);
}

function radiusOf(text: string): number {
  const radius = double(text, "need numeric radius");
  if (radius < 0) throw err("radius cannot be negative");
  return radius;
}

function georadius(byMember: boolean, readOnly: boolean) {
  return (session: Session, args: string[]): ReplyValue => {
    const query = newQuery();
    const set = session.db.read(args[1]!, "zset");
    const at = byMember ? 3 : 4;
    let center: Place = [0, 0];
    if (!byMember) center = placeOf(args[2]!, args[3]!);
    else if (set !== undefined) center = memberPlace(set, args[2]!);
    // Without the key of a member, the radius is not looked at.
    if (!byMember || set !== undefined) {
      const radius = radiusOf(args[at]!);
      query.unit = unitOf(args[at + 1]!);
      query.shape = { center, radius: radius * query.unit, width: 0, height: 0 };
    }
    for (let i = at + 2; i < args.length; i++) {
      const word = args[i]!.toUpperCase();
      const end = readCommon(query, args, i);
      if (end >= 0) i = end;
      else if (!readOnly && (word === "STORE" || word === "STOREDIST") && i + 1 < args.length) {
        query.store = args[++i]!;
        query.storeDist = word === "STOREDIST";
      } else throw SYNTAX;
    }
    return finish(session, set, query, "STORE option in GEORADIUS");
  };
}

function finish(session: Session, set: SortedSet | undefined, query: Query, name: string): ReplyValue {
  if (query.store !== undefined && (query.withDist || query.withHash || query.withCoord)) {
    throw err(`${name} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`);
  }
  if (query.any && query.count === 0) throw err("the ANY argument requires COUNT argument");
  return reply(session, set, query);
}

function geosearch(session: Session, args: string[], from: number, store: string | undefined): ReplyValue {
  const query = newQuery();
  const name = store === undefined ? "geosearch" : "geosearchstore";
  query.store = store;
  query.searched = true;
  const set = session.db.read(args[from]!, "zset");
  let center: Place | undefined;
  let size: { radius?: number; width: number; height: number } | undefined;
  for (let i = from + 1; i < args.length; i++) {
    const word = args[i]!.toUpperCase();
    const left = args.length - i - 1;
    const end = readCommon(query, args, i);
    if (end >= 0) i = end;
    else if (word === "FROMMEMBER" && left >= 1 && center === undefined) {
      center = set === undefined ? [0, 0] : memberPlace(set, args[i + 1]!);
      i++;
    } else if (word === "FROMLONLAT" && left >= 2 && center === undefined) {
      center = placeOf(args[i + 1]!, args[i + 2]!);
      i += 2;
    } else if (word === "BYRADIUS" && left >= 2 && size === undefined) {
      const radius = radiusOf(args[i + 1]!);
      query.unit = unitOf(args[i + 2]!);
      size = { radius: radius * query.unit, width: 0, height: 0 };
      i += 2;
    } else if (word === "BYBOX" && left >= 3 && size === undefined) {
      const [width, height] = [
        double(args[i + 1]!, "need numeric width"),
        double(args[i + 2]!, "need numeric height"),
      ];
      if (width < 0 || height < 0) throw err("height or width cannot be negative");
      query.unit = unitOf(args[i + 3]!);
      size = { width: width * query.unit, height: height * query.unit };
      i += 3;
    } else if (word === "STOREDIST" && store !== undefined) query.storeDist = true;
    else throw SYNTAX;
  }
  if (query.store !== undefined && (query.withDist || query.withHash || query.withCoord)) {
    throw err("GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
  }
  if (center === undefined) throw err(`exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`);
  if (size === undefined) throw err(`exactly one of BYRADIUS and BYBOX can be specified for ${name}`);
  query.shape = { center, radius: size.radius, width: size.width, height: size.height };
  return finish(session, set, query, "GEOSEARCHSTORE");
}

/** Geo. */
export const geo: CommandGroup = {
  geoadd,
  georadius: georadius(false, false),
  georadius_ro: georadius(false, true),
  georadiusbymember: georadius(true, false),
  georadiusbymember_ro: georadius(true, true),
  geosearch: (session, args) => geosearch(session, args, 1, undefined),
  geosearchstore: (session, args) => geosearch(session, args, 2, args[1]!),
  geohash(session, args) {
    const set = session.db.read(args[1]!, "zset");
    return args.slice(2).map((member) => {
      const score = set?.score(member);
      return score === undefined ? null : geohashText(decodePlace(score));
    });
  },
  geopos(session, args) {
    const set = session.db.read(args[1]!, "zset");
    return args.slice(2).map((member) => {
      const score = set?.score(member);
      return score === undefined ? NULL_ARRAY : decodePlace(score).map(coordinate);
    });
  },
  geodist(session, args) {
    if (args.length > 5) throw SYNTAX;
    const unit = args.length === 5 ? unitOf(args[4]!) : 1;
    const set = session.db.read(args[1]!, "zset");
    const [a, b] = [set?.score(args[2]!), set?.score(args[3]!)];
    if (a === undefined || b === undefined) return null;
    return (distance(decodePlace(a), decodePlace(b)) / unit).toFixed(4);
  },
};
