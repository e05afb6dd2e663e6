/**
 * Random commands from a seed, for two servers that should reply alike.
 *
 * @module
 */
import { Dice } from "./dice.ts";

export { Dice };

/**
 * Commands by group; a word in braces is replaced: `{k}` is a key, `{f}` a field or member, `{v}` a value, `{i}` a small
 * integer, `{d}` a double. `{s}` is a bound of scores, `{l}` a bound of members, `{id}` an id of a stream, `{a|b|}` one of
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
    "EXPIRE {k} {100|-1|x|200} {|NX|XX|GT LT|NX XX|FOO}",
    "EXPIREAT {k} {4000000000|4100000000} {GT|LT}",
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
  expiry: [
    "SET {k} {v} {EX 100|PX 100000|EXAT 4000000000|PXAT 4000000000000|PXAT 1|EX -1|KEEPTTL|}",
    "HSET {k} {f} {v}",
    "{EXPIRE|PEXPIRE} {k} {100000|0|-1|x|9223372036854775807|-9223372036854775808} {|NX|XX|GT LT|NX GT|FOO}",
    "EXPIREAT {k} {4000000000|4100000000|1|x|9223372036854775} {|NX|XX|GT|LT}",
    "PEXPIREAT {k} {4000000000000|4100000000000|1|} {|NX|XX|GT|LT}",
    "{TTL|PTTL|EXPIRETIME|PEXPIRETIME|PERSIST|EXISTS|TYPE|GET} {k}",
    "GETEX {k} {EX 100|PX 0|EXAT 4000000000|PXAT 4000000000000|PERSIST|EX 0|PERSIST EX 1}",
    "SETEX {k} {100|0|-1|x} {v}",
    "PSETEX {k} {100000|0|-5} {v}",
    "{COPY|RENAME} {k} {k}",
    "{INCR|DEL|GETDEL} {k}",
    "APPEND {k} {v}",
  ],
  scans: [
    "SET {k} {v}",
    "RPUSH {k} {v} {v}",
    "SADD {k} {f} {v} {i}",
    "ZADD {k} {i} {f} {i} {v}",
    "HSET {k} {f} {v} {f} {i}",
    "SCAN 0 COUNT 1000 {|MATCH k*|MATCH *[12]|MATCH k\\1|TYPE string|TYPE hash|TYPE nothing|FOO}",
    "SCAN {0|x} COUNT {1000|0|x}",
    "{HSCAN|SSCAN|ZSCAN} {k} 0 COUNT 1000 {|MATCH f*|MATCH *|MATCH ?|MATCH [^f]*|NOVALUES}",
    "{HSCAN|SSCAN|ZSCAN} {k} {0|x} COUNT {1000|0|-1}",
    "KEYS {*|k?|[a-k]1|k[^1]|nothing|k[|\\k1|}",
    "{HKEYS|SMEMBERS} {k}",
    "{DEL|TYPE|OBJECT ENCODING} {k}",
    "DBSIZE",
  ],
  transactions: [
    "MULTI",
    "EXEC",
    "DISCARD",
    "WATCH {k} {k}",
    "UNWATCH",
    "SET {k} {v}",
    "INCR {k}",
    "LPUSH {k} {v}",
    "{GET|LRANGE|NOSUCH|HGET} {k}",
    "SELECT {0|1|99}",
    "{PING|ECHO x|DBSIZE}",
    "BLPOP {k} {k} {0.01|-1|x}",
    "BLMOVE {k} {k} LEFT RIGHT 0.01",
    "EXPIRE {k} {100|x}",
  ],
  server: [
    "{PING|ECHO} {v}",
    "{PING|ECHO} a b",
    "SELECT {0|1|x|99|-1}",
    "SWAPDB {0|1|x|99} {0|1|2}",
    "MOVE {k} {0|1|x}",
    "CLIENT {SETNAME {v}|GETNAME|NO-EVICT ON|NO-EVICT x|REPLY x|ID x|GETREDIR|TRACKINGINFO|CACHING YES|UNPAUSE|NOSUCH}",
    "CLIENT {TRACKING ON|TRACKING OFF|TRACKING ON BCAST|TRACKING ON OPTIN OPTOUT|TRACKING ON PREFIX a|KILL ID 999999|KILL x|UNBLOCK 99999|LIST ID 99999|LIST TYPE x}",
    "COMMAND {INFO get|INFO nosuch|COUNT x|GETKEYS GET {k}|GETKEYS MSET {k} v {k} v|GETKEYS PING|GETKEYS NOSUCH|GETKEYSANDFLAGS SORT {k} STORE {k}|LIST FILTERBY PATTERN xr*|LIST FILTERBY ACLCAT nosuch|INFO config|config}",
    "COMMAND GETKEYS {EVAL x 2 {k} {k} a|ZUNIONSTORE {k} 2 {k} {k}|XREAD STREAMS {k} {k} 0 0|SORT {k} STORE {k}|LMPOP 2 {k} {k} LEFT|OBJECT ENCODING {k}|BITOP NOT {k} {k}|GEORADIUS {k} 1 1 1 m STORE {k}}",
    "CONFIG GET {maxmemory|hash-max-listpack-*|nosuch|lazyfree* maxmemory-samples|proto-max-bulk-len}",
    "CONFIG SET {maxmemory-samples|hash-max-listpack-entries|list-max-listpack-size|maxmemory-policy|nosuch|proto-max-bulk-len|list-compress-depth} {5|128|-2|x|noeviction|1mb|0}",
    "ACL {WHOAMI|CAT nosuch|CAT hash|USERS|DELUSER default|DELUSER {u}|GETUSER {u}|LIST|NOSUCH|GENPASS x|LOG RESET|LOG x}",
    "ACL SETUSER {u} {on|off|nopass|>secret|<secret|resetpass|~*|~a:*|%R~b*|%W~c*|&ch*|allkeys|allcommands|nocommands|+@all|-@all|+get|-get|+config|+config$|+nosuch|(+get ~x)|clearselectors|reset|resetkeys|resetchannels|allchannels|#00|-@dangerous|+@read}",
    "ACL DRYRUN {u} {GET {k}|SET {k} v|GET|NOSUCH|GET a:1|SET c1 v|PUBLISH ch1 x|CONFIG GET x}",
    "HELLO {2|3|4|x|3 AUTH a b|3 SETNAME x|2 SETNAME {v}|3 FOO}",
    "AUTH {x|default x|{u} secret|a b c}",
    "PUBSUB {CHANNELS|CHANNELS a*|NUMSUB|NUMSUB a b|NUMPAT|NUMPAT x|SHARDCHANNELS|SHARDNUMSUB a|NOSUCH}",
    "{PUBLISH|SPUBLISH} {ch1|ch2} {v}",
    "OBJECT {FREQ {k}|IDLETIME {k}|REFCOUNT {k}|NOSUCH {k}|ENCODING}",
    "SCRIPT {EXISTS a b|FLUSH|FLUSH ASYNC|FLUSH X|NOSUCH|KILL}",
    "FUNCTION {LIST|LIST WITHCODE|LIST LIBRARYNAME x|DELETE x|FLUSH|FLUSH X|NOSUCH|KILL|DUMP x}",
    "{LATENCY LATEST|LATENCY RESET|SLOWLOG RESET|SLOWLOG GET x|SLOWLOG LEN|SLOWLOG GET -2|MEMORY USAGE nothing|MEMORY NOSUCH|DEBUG NOSUCH}",
    "{WAIT 0 0|WAIT x 0|WAIT 0 -1|LASTSAVE x|FLUSHDB x|FLUSHALL SYNC x|ROLE x|REPLICAOF x|READONLY|ASKING|RESET}",
    "SET {k} {v}",
    "{XINFO|GEORADIUS|MODULE} {HELP|x}",
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
    case "u":
      return `u${dice.below(4)}`;
    case "id":
      return `${dice.below(9)}-${dice.below(3)}`;
    default:
      return dice.pick(name.split("|"));
  }
}

/** Words that commands seldom expect. */
const EDGES = [
  "",
  " ",
  "-0",
  "+1",
  " 1",
  "1 ",
  "01",
  "0x10",
  "1e3",
  "1e400",
  "-1e400",
  "5e-324",
  "nan",
  "-nan",
  "infinity",
  "+inf",
  "9223372036854775807",
  "9223372036854775808",
  "-9223372036854775808",
  "-9223372036854775809",
  "18446744073709551615",
  "18446744073709551616",
  "2147483648",
  "4294967296",
  "k0",
  "f1",
  "*",
  "$",
  ">",
  "0-0",
  "18446744073709551615-18446744073709551615",
  "1-*",
  "WITHSCORES",
  "COUNT",
  "LIMIT",
  "GET",
  "NX",
  "a\r\nb",
];
/** With these a change could stop a server, or make it wait. */
const UNCHANGED =
  /^(?:CONFIG|SUBSCRIBE|CLIENT|HELLO|AUTH|ACL|DEBUG|REPLICAOF|FAILOVER|WAIT|BL|FUNCTION|SCRIPT|XREAD|.?SCAN|SETBIT|SETRANGE|BITFIELD)/i;

/** A command with one mistake: a word too few or too many, in the wrong place, or of the wrong kind. */
export function mutate(dice: Dice, command: readonly string[]): string[] {
  const words = [...command];
  if (UNCHANGED.test(words[0]!)) return words;
  const at = 1 + dice.below(Math.max(1, words.length - 1));
  switch (dice.below(5)) {
    case 0:
      words.splice(at, 1);
      break;
    case 1:
      words.splice(at, 0, dice.pick(EDGES));
      break;
    case 2:
      words.splice(at, 0, words[at] ?? "x");
      break;
    default:
      words[at] = dice.pick(EDGES);
  }
  return words;
}
