/**
 * Random commands from a seed, for two servers that should reply alike.
 *
 * @module
 */

/** Numbers from a seed (mulberry32). */
export class Dice {
  #state: number;

  /** The same seed gives the same numbers. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from 0 to `size - 1`. */
  below(size: number): number {
    return Math.floor(this.next() * size);
  }

  /** One of some things. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

/**
 * Commands by group; a word in braces is replaced: `{k}` a key, `{f}` a field or member, `{v}` a value, `{i}` a small
 * integer, `{d}` a double, `{s}` a bound of scores, `{l}` a bound of members, `{id}` an id of a stream, `{a|b|}` one of
 * these.
 */
export const GRAMMAR: Readonly<Record<string, readonly string[]>> = {
  strings: [
    "SET {k} {v} {|NX|XX|GET|KEEPTTL|EX 100|XX GET|NX GET|EX 0|PX x|NX XX}",
    "GET {k}",
    "GETSET {k} {v}",
    "GETDEL {k}",
    "GETEX {k} {|PERSIST|EX 100|EX|FOO}",
    "MGET {k} {k} {k}",
    "MSET {k} {v} {k} {v}",
    "MSETNX {k} {v} {k} {v}",
    "INCR {k}",
    "DECR {k}",
    "INCRBY {k} {i}",
    "DECRBY {k} {i}",
    "INCRBYFLOAT {k} {d}",
    "APPEND {k} {v}",
    "STRLEN {k}",
    "SETRANGE {k} {i} {v}",
    "GETRANGE {k} {i} {i}",
    "SETNX {k} {v}",
    "SETEX {k} {i} {v}",
    "LCS {k} {k} {|LEN|IDX|IDX WITHMATCHLEN|IDX MINMATCHLEN 2}",
    "OBJECT ENCODING {k}",
  ],
  bits: [
    "SETBIT {k} {i} {0|1|2}",
    "GETBIT {k} {i}",
    "BITCOUNT {k} {|{i} {i}|{i} {i} BIT|{i}}",
    "BITPOS {k} {0|1|2} {|{i}|{i} {i}|{i} {i} BIT}",
    "BITOP {AND|OR|XOR|NOT} {k} {k} {k}",
    "BITFIELD {k} {SET|INCRBY} {u4|i5|u8|i64|u63|u64} {#1|3|0} {i} GET u8 0",
    "BITFIELD {k} OVERFLOW {SAT|FAIL|WRAP|NO} INCRBY {i3|u2} 1 {i}",
    "GET {k}",
  ],
  keys: [
    "DEL {k} {k}",
    "EXISTS {k} {k}",
    "TYPE {k}",
    "RENAME {k} {k}",
    "RENAMENX {k} {k}",
    "COPY {k} {k} {|REPLACE|DB 1|DB 99}",
    "EXPIRE {k} {100|-1|x|200} {|NX|XX|GT|LT|NX XX|FOO}",
    "PERSIST {k}",
    "TTL {k}",
    "TOUCH {k}",
    "MOVE {k} {1|0|77}",
    "DBSIZE",
    "OBJECT ENCODING {k}",
    "SORT {k} {|ALPHA|DESC|LIMIT 1 2|ALPHA DESC|BY nosort|ALPHA STORE k9|BY x* GET #}",
  ],
  lists: [
    "{LPUSH|RPUSH|LPUSHX|RPUSHX} {k} {v} {v}",
    "{LPOP|RPOP} {k} {|2|0|-1|x}",
    "LLEN {k}",
    "LRANGE {k} {i} {i}",
    "LINDEX {k} {i}",
    "LSET {k} {i} {v}",
    "LREM {k} {i} {v}",
    "LTRIM {k} {i} {i}",
    "LINSERT {k} {BEFORE|AFTER|X} {v} {v}",
    "LPOS {k} {v} {|RANK {i}|COUNT {i}|MAXLEN {i}|RANK -1 COUNT 0}",
    "LMOVE {k} {k} {LEFT|RIGHT} {LEFT|RIGHT|UP}",
    "RPOPLPUSH {k} {k}",
    "LMPOP 2 {k} {k} {LEFT|RIGHT} {|COUNT 2|COUNT 0}",
  ],
  hashes: [
    "HSET {k} {f} {v} {f} {v}",
    "HSETNX {k} {f} {v}",
    "HGET {k} {f}",
    "HMGET {k} {f} {f}",
    "HGETALL {k}",
    "HKEYS {k}",
    "HVALS {k}",
    "HDEL {k} {f} {f}",
    "HLEN {k}",
    "HEXISTS {k} {f}",
    "HSTRLEN {k} {f}",
    "HINCRBY {k} {f} {i}",
    "HINCRBYFLOAT {k} {f} {d}",
    "HSCAN {k} 0 {|MATCH f*|COUNT 0}",
    "HRANDFIELD {k} {0|x|1 FOO}",
  ],
  sets: [
    "SADD {k} {f} {i} {f}",
    "SADD {k} {i} {i}",
    "SREM {k} {f} {i}",
    "SISMEMBER {k} {f}",
    "SMISMEMBER {k} {f} {i}",
    "SMEMBERS {k}",
    "SCARD {k}",
    "SMOVE {k} {k} {f}",
    "{SINTER|SUNION|SDIFF} {k} {k}",
    "{SINTERSTORE|SUNIONSTORE|SDIFFSTORE} {k} {k} {k}",
    "SINTERCARD {2|0|9|x} {k} {k} {|LIMIT 1|LIMIT -1}",
  ],
  sorted: [
    "ZADD {k} {|NX|XX|GT|LT|CH|INCR|NX GT|XX CH} {d} {f}",
    "ZADD {k} {d} {f} {d} {f}",
    "ZINCRBY {k} {d} {f}",
    "ZREM {k} {f} {f}",
    "ZSCORE {k} {f}",
    "ZMSCORE {k} {f} {f}",
    "{ZRANK|ZREVRANK} {k} {f}",
    "ZCARD {k}",
    "ZCOUNT {k} {s} {s}",
    "ZLEXCOUNT {k} {l} {l}",
    "ZRANGE {k} {i} {i} {|REV|WITHSCORES|REV WITHSCORES|LIMIT 0 1}",
    "ZRANGE {k} {s} {s} BYSCORE {|REV|WITHSCORES|LIMIT {i} {i}}",
    "ZRANGE {k} {l} {l} BYLEX {|REV|LIMIT 1 2|WITHSCORES}",
    "{ZRANGEBYSCORE|ZREVRANGEBYSCORE} {k} {s} {s} {|WITHSCORES|LIMIT 0 2}",
    "ZREVRANGE {k} {i} {i}",
    "ZREMRANGEBYRANK {k} {i} {i}",
    "ZREMRANGEBYSCORE {k} {s} {s}",
    "{ZPOPMIN|ZPOPMAX} {k} {|2|0|-1}",
    "{ZUNION|ZINTER|ZDIFF} 2 {k} {k} {|WITHSCORES|WEIGHTS 1 2|AGGREGATE MAX}",
    "{ZUNIONSTORE|ZINTERSTORE|ZDIFFSTORE} {k} 2 {k} {k} {|WEIGHTS 2 {d}|AGGREGATE MIN}",
    "ZRANGESTORE {k} {k} {i} {i}",
    "ZMPOP 1 {k} {MIN|MAX} {|COUNT 2}",
    "GEOADD {k} {d} {d} {f}",
    "GEOPOS {k} {f}",
    "GEOHASH {k} {f}",
    "GEODIST {k} {f} {f} {|km|xx}",
    "GEOSEARCH {k} FROMLONLAT 2 3 BYRADIUS 5000 km ASC {|WITHDIST|WITHHASH WITHCOORD|COUNT 2}",
  ],
  streams: [
    "XADD {k} {id} {f} {v}",
    "XADD {k} MAXLEN {|~|=} {i} {id} {f} {v}",
    "XADD {k} NOMKSTREAM {5-*|7-*} {f} {v}",
    "XLEN {k}",
    "XRANGE {k} {-|{id}|({id}} {+|{id}} {|COUNT 2|COUNT 0}",
    "XREVRANGE {k} + {-|{id}} {|COUNT 1}",
    "XDEL {k} {id} {id}",
    "XTRIM {k} {MAXLEN|MINID} {|=} {i}",
    "XREAD {|COUNT 1} STREAMS {k} {id}",
    "XGROUP CREATE {k} g {0|$|{id}} {|MKSTREAM}",
    "XGROUP DESTROY {k} g",
    "XGROUP CREATECONSUMER {k} g {c|d}",
    "XGROUP DELCONSUMER {k} g {c|d}",
    "XGROUP SETID {k} g {0|$}",
    "XREADGROUP GROUP g {c|d} {|COUNT 1|NOACK} STREAMS {k} {>|0|{id}}",
    "XACK {k} g {id} {id}",
    "XPENDING {k} g",
    "XCLAIM {k} g {c|d} 0 {id} {|JUSTID|FORCE|FORCE JUSTID}",
    "XAUTOCLAIM {k} g {c|d} 0 0 {|JUSTID|COUNT 1}",
    "XINFO GROUPS {k}",
    "XSETID {k} {id}",
  ],
  logs: ["PFADD {k} {f} {v}", "PFADD {k}", "PFCOUNT {k}", "PFCOUNT {k} {k}", "PFMERGE {k} {k} {k}"],
};

const VALUES = [
  "",
  "a",
  "b",
  "abc",
  "10",
  "-3",
  "3.5",
  "9223372036854775807",
  "x y",
  "\u00e9",
  "a".repeat(70),
  "07",
];
const DOUBLES = ["1", "2.5", "-1", "0", "1e3", "inf", "-inf", "0.1", "x", "3.3", "10", "nan", ""];
const BOUNDS = ["-inf", "+inf", "0", "(1", "2.5", "5", "(x"];
const LEX = ["-", "+", "[a", "(f2", "[f3", "x"];

/** One command of a group, in words. */
export function rollCommand(dice: Dice, group: string): string[] {
  let line = dice.pick(GRAMMAR[group]!);
  // Innermost braces first, until none is left.
  for (let found = /\{([^{}]*)\}/.exec(line); found !== null; found = /\{([^{}]*)\}/.exec(line)) {
    line = line.slice(0, found.index) + replacement(dice, found[1]!) +
      line.slice(found.index + found[0].length);
  }
  return line.split(" ").filter((word) => word !== "").map((word) =>
    word[0] === "\x01" ? VALUES[Number(word.slice(1))]! : word
  );
}

function replacement(dice: Dice, name: string): string {
  switch (name) {
    case "k":
      return `k${dice.below(4)}`;
    case "f":
      return `f${dice.below(6)}`;
    case "v":
      return `\x01${dice.below(VALUES.length)}`;
    case "i":
      return String(dice.below(14) - 4);
    case "d":
      return dice.pick(DOUBLES) || "7";
    case "s":
      return dice.pick(BOUNDS);
    case "l":
      return dice.pick(LEX);
    case "id":
      return `${dice.below(9)}-${dice.below(3)}`;
    default:
      return dice.pick(name.split("|"));
  }
}
