/**
 * Commands for several connections that have effects on each other.
 *
 * @module
 */
import type { Dice } from "../harness/dice.ts";

/**
 * A word in braces is replaced: `{k}` becomes a key of a list, `{z}` of a sorted set, `{x}` of a stream, and
 * `{n}` of any type. `{v}` becomes a value, `{id}` the id of a connection, `{u}` a user, and `{ch}` a
 * channel. `{next}` becomes a number that grows, and `{a|b|}` one of these. Words in quotes are one.
 */
export const LINES: Readonly<Record<string, readonly string[]>> = {
  blocking: [
    "{BLPOP|BRPOP} {k} {k} 0",
    "BLPOP {n} {z} 0",
    "BLMOVE {k} {k} {LEFT|RIGHT} {LEFT|RIGHT} 0",
    "BRPOPLPUSH {k} {k} 0",
    "BLMPOP 0 2 {k} {k} {LEFT|RIGHT} {|COUNT 2}",
    "{BZPOPMIN|BZPOPMAX} {z} {z} 0",
    "BZMPOP 0 2 {z} {n} {MIN|MAX} {|COUNT 2}",
    "XREAD BLOCK 0 STREAMS {x} {$|0|5}",
    "XREAD COUNT 1 BLOCK 0 STREAMS {x} {x} $ $",
    "XREADGROUP GROUP g {c|d} {|NOACK} BLOCK 0 STREAMS {x} >",
    "WAIT 1 0",
    "CLIENT UNBLOCK {id} {|TIMEOUT|ERROR}",
  ],
  writes: [
    "{LPUSH|RPUSH} {k} {v} {|{v}|{v} {v}}",
    "{LPUSH|ZADD} {n} {1 a|2 b}",
    "ZADD {z} {1|2|3} {v} {|2 w}",
    "XADD {x} {next}-1 f {v}",
    "XGROUP CREATE {x} g {$|0} MKSTREAM",
    "XGROUP {DESTROY {x} g|SETID {x} g 0|DELCONSUMER {x} g c}",
    "XACK {x} g {next}-1",
    "XDEL {x} {next}-1",
    "{DEL|UNLINK} {n} {n}",
    "{RENAME|RENAMENX|COPY} {n} {n}",
    "COPY {n} {n} {DB 1|DB 1 REPLACE|REPLACE}",
    "MOVE {n} {0|1}",
    "SWAPDB 0 1",
    "SELECT {0|1|0}",
    "{FLUSHDB|FLUSHALL|FLUSHALL ASYNC}",
    "EXPIRE {n} {0|100|-1}",
    "PEXPIREAT {n} 1",
    "SET {n} {v} {|EX 100|PXAT 1|GET}",
    "{LPOP|RPOP|GETDEL|PERSIST|GET|TTL|TYPE} {n}",
    "SORT {k} ALPHA STORE {k}",
    "LMOVE {k} {k} LEFT RIGHT",
    "{INCR|APPEND|GETSET} {n} {|{v}}",
    "MSET {n} {v} {n} {v}",
    "{SINTERSTORE|ZUNIONSTORE} {z} {n} {n}",
    "SADD {n} {v}",
    "HSET {n} f {v}",
  ],
  transactions: [
    "MULTI",
    "MULTI",
    "EXEC",
    "EXEC",
    "DISCARD",
    "WATCH {n} {n}",
    "WATCH {n}",
    "UNWATCH",
    "{GET|TYPE} {n}",
    "NOSUCH {n}",
    "{LPUSH|RPUSH} {k} {v}",
    "{BLPOP|BRPOP} {k} 0",
    "BZPOPMIN {z} 0",
    "XREAD BLOCK 0 STREAMS {x} $",
    "SET {n} {v}",
    "PUBLISH {ch} {v}",
    "SELECT {0|1}",
    "CLIENT {ID|KILL ID {id}|SETNAME {v}}",
    "{SUBSCRIBE {ch}|UNSUBSCRIBE|PSUBSCRIBE *}",
  ],
  clients: [
    "CLIENT {ID|INFO|LIST|GETNAME|SETNAME {v}|SETNAME x|NO-EVICT ON|NO-EVICT OFF|GETREDIR|TRACKINGINFO|UNPAUSE}",
    "CLIENT LIST {TYPE pubsub|TYPE normal|TYPE replica|ID {id} {id}|ID {id}}",
    "CLIENT KILL {ID {id}|TYPE pubsub|USER {u}|ID {id} SKIPME no|ID {id} TYPE normal|TYPE normal USER {u}|ID 999999}",
    "CLIENT UNBLOCK {id}",
    "CLIENT REPLY {ON|ON|SKIP}",
    "CLIENT TRACKING {ON|OFF|ON NOLOOP|ON OPTIN|ON OPTOUT|ON BCAST|ON BCAST PREFIX k|ON BCAST PREFIX l PREFIX z NOLOOP|ON REDIRECT {id}|ON REDIRECT {id} BCAST|ON REDIRECT {id} OPTIN}",
    "CLIENT CACHING {YES|NO}",
    "CLIENT PAUSE {0|1000000} WRITE",
    "CLIENT UNPAUSE",
    "{HELLO 2|HELLO 3|HELLO 3 SETNAME hi|RESET|PING|PING x|ECHO {v}|QUIT}",
    "MONITOR",
    "{GET {n}|MGET {n} {n}|LRANGE {k} 0 -1|SET {n} {v}|DEL {n}|EXISTS {n}}",
    "{GET {n}|MGET {n} {n}|GETEX {n} PERSIST|STRLEN {n}}",
    "OBJECT ENCODING {n}",
  ],
  pubsub: [
    "SUBSCRIBE {ch} {|{ch}}",
    "PSUBSCRIBE {*|ch?|c*1|__key*__:*}",
    "SSUBSCRIBE {ch} {|{ch}}",
    "{UNSUBSCRIBE|SUNSUBSCRIBE} {ch}",
    "{UNSUBSCRIBE|PUNSUBSCRIBE|SUNSUBSCRIBE} {|*}",
    "PUBLISH {ch} {v}",
    "SPUBLISH {ch} {v}",
    "PUBSUB {CHANNELS|CHANNELS ch*|NUMSUB {ch} {ch}|NUMPAT|SHARDCHANNELS|SHARDNUMSUB {ch}}",
    'CONFIG SET notify-keyspace-events {KEA|KEAmn|Kx$l|""}',
    "{PING|PING x|HELLO 2|HELLO 3|RESET|GET {n}|SET {n} {v}}",
    "MULTI",
    "EXEC",
  ],
  users: [
    "ACL SETUSER {u} {on >pw +@all ~* &*|on >pw ~k* +get +set +auth|reset on nopass +@all -@dangerous ~* resetchannels &ch1|off|-get|+@pubsub &ch*|%R~k* +@read +@write|(~z* +zadd)|resetkeys ~l*|nocommands +hello +auth +acl|whoami}",
    "ACL DELUSER {u}",
    "AUTH {{u} pw|{u} no|{u} pw|no}",
    "AUTH default x",
    "HELLO 3 AUTH {u} pw",
    "ACL {WHOAMI|USERS|LOG|LOG RESET|DRYRUN {u} GET k1|DRYRUN {u} SET l1 v|DRYRUN {u} PUBLISH ch2 x|DRYRUN {u} ZADD z1 1 a}",
    "{GET|SET|LPUSH|ZADD} {n} {1 a|v|}",
    "{SUBSCRIBE|PSUBSCRIBE|SSUBSCRIBE} {ch}",
    "{PUBLISH|SPUBLISH} {ch} {v}",
    "MULTI",
    "EXEC",
    "RESET",
    "CLIENT KILL USER {u}",
    "EVAL \"return redis.call('GET', KEYS[1])\" 1 {n}",
  ],
  scripts: [
    "EVAL \"return redis.call('LPUSH', KEYS[1], ARGV[1])\" 1 {n} {v}",
    "EVAL \"return redis.pcall('BLPOP', KEYS[1], 0)\" 1 {k}",
    "EVAL \"redis.call('PUBLISH', ARGV[1], 'a'); return redis.call('SET', KEYS[1], 1)\" 1 {n} {ch}",
    "EVAL \"redis.setresp(3); return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')\" 1 {z}",
    "EVAL \"return {redis.call('GET', KEYS[1]), redis.call('DEL', KEYS[1])}\" 1 {n}",
    "EVAL \"return redis.call('SELECT', 1)\" 0",
    "EVAL \"return redis.call('XADD', KEYS[1], ARGV[1], 'f', 'v')\" 1 {x} {next}-1",
    "EVAL_RO \"return redis.pcall('SET', KEYS[1], 1)\" 1 {n}",
    "EVAL \"return redis.pcall('SUBSCRIBE', 'ch1')\" 0",
    "EVAL \"return redis.pcall('MULTI')\" 0",
    "{WATCH {n}|MULTI|EXEC|GET {n}}",
    "{BLPOP {k} 0|BZPOPMAX {z} 0|XREAD BLOCK 0 STREAMS {x} $}",
    "{SUBSCRIBE {ch}|CLIENT TRACKING ON|CLIENT TRACKING OFF|HELLO 3|MONITOR}",
    "SCRIPT {EXISTS a|FLUSH}",
  ],
};

const NAMED: Readonly<Record<string, readonly string[]>> = {
  k: ["l1", "l2", "k1"],
  z: ["z1", "z2"],
  x: ["x1", "x2"],
  n: ["l1", "l2", "k1", "k2", "z1", "x1", "k3"],
  v: ["a", "b", "v", "1"],
  u: ["u1", "u2"],
  ch: ["ch1", "ch2"],
};

/** Rolls a command. `{id}` stays, as an id is another on each server: a word `\x01` with the place of the connection. */
export function rollLine(dice: Dice, group: string, connections: number, next: number): string[] {
  let line = dice.pick(LINES[group]!);
  for (let found = /\{([^{}]*)\}/.exec(line); found !== null; found = /\{([^{}]*)\}/.exec(line)) {
    const name = found[1]!;
    const value = name === "id"
      ? `\x01${dice.below(connections)}`
      : name === "next"
      ? String(next)
      : dice.pick(NAMED[name] ?? name.split("|"));
    line = line.slice(0, found.index) + value + line.slice(found.index + found[0].length);
  }
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map((one) => one[1] ?? one[2]!);
  return words;
}
