/**
 * Properties of commands that are maintained by hand: flags, words in names, exclusions with reasons.
 *
 * @module
 */

/** Change the state of the connection: refused on a shared one. They are functions, but no methods. */
export const stateful: ReadonlySet<string> = new Set([
  "MULTI",
  "EXEC",
  "DISCARD",
  "WATCH",
  "UNWATCH",
  "SELECT",
  "SUBSCRIBE",
  "UNSUBSCRIBE",
  "PSUBSCRIBE",
  "PUNSUBSCRIBE",
  "SSUBSCRIBE",
  "SUNSUBSCRIBE",
  "RESET",
  "QUIT",
  "AUTH",
  "HELLO",
  "MONITOR",
  "READONLY",
  "READWRITE",
  "ASKING",
  "CLIENT REPLY",
  "CLIENT TRACKING",
  "CLIENT CACHING",
  "CLIENT NO-TOUCH",
  "CLIENT NO-EVICT",
  "CLIENT SETNAME",
  "CLIENT SETINFO",
  "CLIENT CAPA",
  "CLIENT IMPORT-SOURCE",
  "SCRIPT DEBUG",
]);

/**
 * Commands without functions that the table contains with their flags, because a client cannot use the resulting
 * connection.
 */
export const statefulUnlisted: ReadonlySet<string> = new Set([
  "SYNC",
  "PSYNC",
  "REPLCONF",
  "CLUSTER SYNCSLOTS",
]);

/** Same state and same reply when run twice; commands that the server marks as read-only are not repeated here. */
export const idempotent: ReadonlySet<string> = new Set([
  "MSET",
  "HMSET",
  "SETEX",
  "PSETEX",
  "SETRANGE",
  "LSET",
  "PFMERGE",
  "BITOP",
  "SDIFFSTORE",
  "SINTERSTORE",
  "SUNIONSTORE",
  "ZDIFFSTORE",
  "ZINTERSTORE",
  "ZUNIONSTORE",
  "ZRANGESTORE",
  "GEOSEARCHSTORE",
  "FLUSHALL",
  "FLUSHDB",
  "PING",
  "ECHO",
  "TIME",
  "INFO",
  "ROLE",
  "LASTSAVE",
  "CONFIG GET",
  "CONFIG SET",
  "CLIENT ID",
  "CLIENT INFO",
  "CLIENT LIST",
  "CLIENT GETNAME",
  "CLIENT GETREDIR",
  "CLIENT TRACKINGINFO",
  "CLUSTER INFO",
  "CLUSTER NODES",
  "CLUSTER SHARDS",
  "CLUSTER SLOTS",
  "CLUSTER LINKS",
  "CLUSTER MYID",
  "CLUSTER MYSHARDID",
  "CLUSTER KEYSLOT",
  "CLUSTER COUNTKEYSINSLOT",
  "CLUSTER GETKEYSINSLOT",
  "CLUSTER REPLICAS",
  "CLUSTER COUNT-FAILURE-REPORTS",
  "COMMAND COUNT",
  "COMMAND DOCS",
  "COMMAND GETKEYS",
  "COMMAND GETKEYSANDFLAGS",
  "COMMAND INFO",
  "COMMAND LIST",
  "SCRIPT EXISTS",
  "SCRIPT LOAD",
  "SCRIPT FLUSH",
  "FUNCTION LIST",
  "FUNCTION DUMP",
  "FUNCTION STATS",
  "FUNCTION FLUSH",
  "SLOWLOG GET",
  "SLOWLOG LEN",
  "COMMANDLOG GET",
  "COMMANDLOG LEN",
  "LATENCY HISTOGRAM",
  "LATENCY HISTORY",
  "LATENCY LATEST",
  "MEMORY STATS",
  "MODULE LIST",
  "PUBSUB CHANNELS",
  "PUBSUB NUMPAT",
  "PUBSUB NUMSUB",
  "PUBSUB SHARDCHANNELS",
  "PUBSUB SHARDNUMSUB",
  "ACL CAT",
  "ACL GETUSER",
  "ACL LIST",
  "ACL USERS",
  "ACL WHOAMI",
  "ACL DRYRUN",
  "WAIT",
  "WAITAOF",
  "SENTINEL MASTER",
  "SENTINEL MASTERS",
  "SENTINEL REPLICAS",
  "SENTINEL SENTINELS",
  "SENTINEL GET-MASTER-ADDR-BY-NAME",
]);

/** Commands that may block although the server does not declare it. */
export const blocking: ReadonlySet<string> = new Set(["WAIT", "WAITAOF"]);

/** Replies that are no text. */
export const binary: ReadonlySet<string> = new Set(["DUMP", "FUNCTION DUMP", "VEMB"]);

/**
 * Commands that run other code than the server's own, or return their input as an error: the codes of their errors
 * prove nothing.
 */
export const opaque: ReadonlySet<string> = new Set([
  "EVAL",
  "EVAL_RO",
  "EVALSHA",
  "EVALSHA_RO",
  "FCALL",
  "FCALL_RO",
  "DEBUG",
]);

/** Commands without a function, and why. */
export const skipped: Readonly<Record<string, string>> = {
  "SYNC": "internal: makes the connection a replica's; what follows is no RESP",
  "PSYNC": "internal: makes the connection a replica's; what follows is no RESP",
  "REPLCONF": "internal: replicas talk to their master with it",
  "CLUSTER SYNCSLOTS": "internal: nodes move slots with it",
  "TRIMSLOTS": "internal: a master tells its replicas with it which slots are gone",
  "XIDMPRECORD": "internal: replicas and the append-only file note producers' ids with it",
  "COMMAND": "COMMAND INFO without names gives the same; the method `command` runs raw commands",
};

/** The positions of keys, for commands without that information from the server. */
export const extraKeys: Readonly<Record<string, readonly object[]>> = {
  "SORT": [{ keyword: "STORE", from: 1, last: 0, step: 1, limit: 0 }],
  "PFDEBUG": [],
};

/** Tokens that are several words: how they are written as the key of an option. */
export const words: Readonly<Record<string, string>> = Object.fromEntries(
  ("withScores withScore byScore byLex withCoord withDist withHash fromMember fromLonLat byRadius byBox byPolygon " +
    "storeDist withValues noValues noScores keepTtl withMatchLen minMatchLen justId noAck noMkStream mkStream " +
    "entriesRead entriesAdded maxDeletedId retryCount lastId absTtl idleTime noLoop optIn optOut skipMe maxAge " +
    "libraryName withCode noSave keepRef delRef idmpAuto withAttribs").split(" ").map((
      word,
    ) => [word.toUpperCase(), word]),
);

/** Functions whose name cannot be the command's: it is a reserved word. Methods have the plain name. */
export const renamed: Readonly<Record<string, string>> = { eval: "eval_" };

/** Commands that the server does not document: Redis 8's vector sets. */
export const documented: Readonly<Record<string, readonly [summary: string, complexity: string]>> = {
  "VADD": [
    "Adds an element with its vector to a vector set, or updates its vector.",
    "O(log(N)) for each element added, where N is the number of elements in the vector set.",
  ],
  "VCARD": ["Returns the number of elements of a vector set.", "O(1)"],
  "VDIM": ["Returns the number of dimensions of the vectors of a vector set.", "O(1)"],
  "VEMB": ["Returns the vector of an element.", "O(1)"],
  "VGETATTR": ["Returns the JSON attributes of an element.", "O(1)"],
  "VINFO": ["Returns facts about a vector set.", "O(1)"],
  "VISMEMBER": ["Tells whether an element is in a vector set.", "O(1)"],
  "VLINKS": ["Returns the neighbours of an element, by level of the graph.", "O(1)"],
  "VRANDMEMBER": [
    "Returns random elements of a vector set.",
    "O(N) where N is the absolute value of the count argument.",
  ],
  "VRANGE": [
    "Returns the elements between two others in lexicographical order.",
    "O(log(K)+M) where K is the number of elements in the vector set, and M the number of elements returned.",
  ],
  "VREM": [
    "Removes an element from a vector set.",
    "O(log(N)) for each element removed, where N is the number of elements in the vector set.",
  ],
  "VSETATTR": ["Sets or removes the JSON attributes of an element.", "O(1)"],
  "VSIM": [
    "Returns the elements that are most similar to a vector or to another element.",
    "O(log(N)) where N is the number of elements in the vector set.",
  ],
};
