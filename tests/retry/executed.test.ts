import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type Executed, Redis, type RedisError, ReplyError, script } from "../../mod.ts";
import { command, eval_ } from "../../src/commands/mod.ts";
import { lookupCommand } from "../../src/commands/table.ts";
import { CommandFlag } from "../../src/commands/command.ts";
import { attributeReply } from "../../src/errors.ts";
import { OPAQUE, REFUSALS } from "../../src/executed.ts";
import { olderThan } from "../harness/binaries.ts";
import { ErrorReply } from "../harness/resp.ts";
import { type Server, startServer } from "../harness/server.ts";
import { stage } from "../promises/support.ts";

const failure = (promise: Promise<unknown>): Promise<RedisError> =>
  promise.then((value) => assert.fail(`it must not resolve: ${value}`), (error) => error);

/** Returns the execution that a reply to a command implies. */
function executed(text: string, ...words: string[]): Executed {
  const error = new ReplyError(text);
  attributeReply(error, lookupCommand(words).spec);
  return error.executed;
}

describe("what an error reply proves", () => {
  const SHA = "c2d3a6bf3ae0ad4ba1f8bd2b1d5b9b9d0b3c5a7e";
  const BUSY = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

  /** Text, then what it proves of GET, of EVAL, of a command that is unknown. */
  const TABLE: readonly (readonly [text: string, plain: Executed, script: Executed, unknown: Executed])[] = [
    // The servers' own words, which nothing that a script calls can cause.
    ["MOVED 866 127.0.0.1:7001", "no", "no", "no"],
    ["ASK 866 [::1]:7001", "no", "no", "no"],
    ["MOVED 866 :7001", "no", "no", "no"],
    ["TRYAGAIN Multiple keys request during rehashing of slot", "no", "no", "no"],
    ["CLUSTERDOWN Hash slot not served", "no", "no", "no"],
    ["CLUSTERDOWN The cluster is down", "no", "no", "no"],
    ["CLUSTERDOWN The cluster is down and only accepts read commands", "no", "no", "no"],
    ["CROSSSLOT Keys in request don't hash to the same slot", "no", "no", "no"],
    ["LOADING Redis is loading the dataset in memory", "no", "no", "no"],
    ["LOADING Valkey is loading the dataset in memory", "no", "no", "no"],
    [BUSY, "no", "no", "no"],
    [BUSY.replace("SCRIPT KILL", "FUNCTION KILL"), "no", "no", "no"],
    ["BUSY Valkey is busy running a module command.", "no", "no", "no"],
    ["NOAUTH Authentication required.", "no", "no", "no"],
    [
      "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'",
      "no",
      "no",
      "no",
    ],
    ["READONLY Can not run script with write flag on readonly replica", "no", "no", "no"],
    [
      "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script.",
      "no",
      "no",
      "no",
    ],
    [
      "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts.",
      "no",
      "no",
      "no",
    ],
    [
      "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: no permission to execute the command or subcommand",
      "no",
      "no",
      "no",
    ],
    // Their own words, which a script may also have from a command that it called.
    ["OOM command not allowed when used memory > 'maxmemory'.", "no", "unknown", "unknown"],
    ["READONLY You can't write against a read only replica.", "no", "unknown", "unknown"],
    ["NOREPLICAS Not enough good replicas to write.", "no", "unknown", "unknown"],
    ["MISCONF Errors writing to the AOF file: No space left on device", "no", "unknown", "unknown"],
    [
      "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
      "no",
      "unknown",
      "unknown",
    ],
    ["NOPERM No permissions to access a key", "no", "unknown", "unknown"],
    [
      "NOPERM this user has no permissions to access one of the keys used as arguments",
      "no",
      "unknown",
      "unknown",
    ],
    ["NOPERM User bob has no permissions to run the 'set' command", "no", "unknown", "unknown"],
    [
      "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
      "no",
      "unknown",
      "unknown",
    ],
    // An error that ended a script, in the format of servers from Redis 7.0 on.
    [
      `OOM command not allowed when used memory > 'maxmemory'. script: ${SHA}, on @user_script:1.`,
      "no",
      "yes",
      "yes",
    ],
    [
      `READONLY You can't write against a read only replica. script: f, on @user_function:3.`,
      "no",
      "yes",
      "yes",
    ],
    [`NOPERM No permissions to access a key script: ${SHA}, on @user_script:1.`, "no", "yes", "yes"],
    ["BUSY try later script: on @user_script:1.", "no", "yes", "yes"],
    // Texts that no server sends.
    ...[...REFUSALS].map((code) => [`${code} try later`, "no", "unknown", "unknown"] as const),
    ["MOVED 866", "no", "unknown", "unknown"],
    [`${BUSY} `, "no", "unknown", "unknown"],
    [`x ${BUSY}`, "yes", "yes", "yes"],
    // The server processed the command, whichever server or script sent the error.
    ["ERR syntax error", "yes", "yes", "yes"],
    ["WRONGTYPE Operation against a key holding the wrong kind of value", "yes", "yes", "yes"],
    ["MYERR it broke", "yes", "yes", "yes"],
    ["busy", "yes", "yes", "yes"],
  ];
  for (const [text, ...expected] of TABLE) {
    it(text.slice(0, 90), () => {
      assert.deepEqual(
        [executed(text, "GET", "k"), executed(text, "EVAL", "", "0"), executed(text, "TFCALL", "k")],
        expected,
      );
      for (const name of ["EVAL_RO", "EVALSHA", "EVALSHA_RO", "FCALL", "FCALL_RO", "DEBUG"]) {
        assert.equal(executed(text, name), expected[1], name);
      }
    });
  }

  /** Text, command, what it proves: refusals that name the command, or that only it has. */
  const NAMED: readonly [text: string, words: string[], Executed][] = [
    ["NOPERM this user has no permissions to run the 'eval' command or its subcommand", ["EVAL"], "no"],
    ["NOPERM this user has no permissions to run the 'eval' command", ["EVAL"], "no"],
    ["NOPERM User bob has no permissions to run the 'eval' command", ["eval"], "no"],
    ["NOPERM User bob has no permissions to run the 'eval' command", ["FCALL"], "unknown"],
    ["NOPERM User bob has no permissions to run the 'my.cmd' command", ["MY.CMD", "x"], "no"],
    ["NOPERM User bob has no permissions to run the 'my.cmd' command script: f, on @user_function:1.", [
      "MY.CMD",
    ], "yes"],
    ["ERR unknown command 'NOSUCH', with args beginning with: ", ["nosuch"], "no"],
    ["ERR unknown command `NOSUCH`, with args beginning with: ", ["NOSUCH", "x"], "no"],
    ["ERR unknown command 'EVAL_RO'", ["EVAL_RO"], "no"],
    ["ERR unknown command 'OTHER'", ["EVAL"], "unknown"],
    ["ERR unknown subcommand 'OTHER'. Try CONFIG HELP.", ["EVAL"], "unknown"],
    ["ERR unknown subcommand 'OTHER'. Try CONFIG HELP.", ["CONFIG", "GET"], "no"],
    ["NOSCRIPT No matching script. Please use EVAL.", ["EVALSHA"], "no"],
    ["NOSCRIPT No matching script.", ["EVALSHA_RO"], "no"],
    ["NOSCRIPT No matching script.", ["EVAL"], "unknown"],
    ["EXECABORT Transaction discarded because of previous errors.", ["EXEC"], "no"],
    ["EXECABORT Transaction discarded because of previous errors.", ["EVAL"], "unknown"],
    ["ERR unknown command 'constructor'", ["constructor"], "no"],
  ];
  for (const [text, words, expected] of NAMED) {
    it(`${words.join(" ")}: ${text.slice(0, 80)}`, () => assert.equal(executed(text, ...words), expected));
  }

  it("knows the flag by the name that commands have for it", () => assert.equal(CommandFlag.opaque, OPAQUE));

  it("reads the codes of modules", () => {
    const code = (text: string): string => new ReplyError(text).code;
    assert.deepEqual(
      ["MYMODULE-X1 it broke", "MY_MODULE x", "A-B", "X1 y", "ERR x", "Err x", "-X y", "1X y", ""].map(code),
      ["MYMODULE-X1", "MY_MODULE", "A-B", "X1", "ERR", "ERR", "ERR", "ERR", "ERR"],
    );
  });
});

describe("scripts that write and then return the code of a refusal", () => {
  const CODES = [
    "BUSY",
    "TRYAGAIN",
    "LOADING",
    "CLUSTERDOWN",
    "MASTERDOWN",
    "NOSCRIPT",
    "OOM",
    "READONLY",
    "NOAUTH",
  ];
  const SOURCE = "redis.call('INCR', KEYS[1]); return redis.error_reply(ARGV[1] .. ' try later')";
  let server: Server;
  let redis: Redis;
  before(async () => {
    server = await startServer();
    redis = new Redis(server.url);
    if (!olderThan("7.0", "script flags and functions")) {
      const body = SOURCE.replace("KEYS[1]", "keys[1]").replace("ARGV[1]", "args[1]");
      await redis.functionLoad(
        `#!lua name=keywire\nredis.register_function('refuse', function(keys, args) ${body} end)`,
      );
    }
  });
  after(async () => {
    await redis.close();
    await server.stop();
  });

  const ways: Record<string, (key: string, code: string) => Promise<unknown>> = {
    eval: (key, code) => redis.eval(SOURCE, [key], [code]),
    script: (key, code) => redis.script(SOURCE, { keys: [key], args: [code] }),
    fcall: (key, code) => redis.fcall("refuse", [key], [code]),
    raw: (key, code) => redis.command("EVAL", SOURCE, 1, key, code),
    pipeline: (key, code) => redis.pipeline([eval_(SOURCE, [key], [code])]).exec(),
    "pipeline of script()": (key, code) =>
      redis.pipeline([script(SOURCE, { keys: [key], args: [code] })]).exec(),
    transaction: (key, code) => redis.multi([eval_(SOURCE, [key], [code])]).exec(),
    "dedicated connection": (key, code) => redis.watch("other", (tx) => tx.eval(SOURCE, [key], [code])),
  };
  for (const [name, run] of Object.entries(ways)) {
    const skip = name === "fcall" && olderThan("7.0", "script flags and functions");
    it(`run once, and never say "no": ${name}`, { skip }, async () => {
      await redis.flushall();
      for (const code of CODES) {
        const error = await failure(run(`${name}:${code}`, code));
        assert.deepEqual([error.code, error.executed], [code, "unknown"], code);
        assert.equal(await redis.get(`${name}:${code}`), "1", code);
      }
    });
  }

  it("may be repeated where the caller says so", async () => {
    const bold = redis.with({ retry: { attempts: 2, backoff: () => 0, unsafe: true, on: ["OOM"] } });
    await failure(bold.eval(SOURCE, ["bold"], ["OOM"]));
    assert.equal(await redis.get("bold"), "3");
  });

  it("do not end the connection by saying that it is not authenticated", async () => {
    const before = await redis.clientId();
    await failure(redis.eval(SOURCE, ["auth"], ["NOAUTH"]));
    assert.equal(await redis.clientId(), before);
  });
});

describe("real refusals of scripts", () => {
  let server: Server;
  let redis: Redis;
  before(async () => {
    server = await startServer({ acl: ["user bob on >pw ~a* +@all -eval"] });
    redis = new Redis(server.url, { retry: false });
  });
  after(async () => {
    await redis.close();
    await server.stop();
  });
  const refused = async (promise: Promise<unknown>, code: string): Promise<void> => {
    const error = await failure(promise);
    assert.deepEqual([error.code, error.executed], [code, "no"], error.message);
  };

  it("BUSY: another script runs", async () => {
    const other = new Redis(server.url, { commandTimeout: 0 });
    try {
      await redis.configSet("lua-time-limit", 5);
      const stuck = failure(other.eval("while true do end"));
      // Until the limit is over the server reads nothing, so this waits for it.
      let error: RedisError | undefined;
      while (error === undefined) error = await redis.eval("return 1").then(() => undefined, (why) => why);
      assert.deepEqual([error.code, error.executed], ["BUSY", "no"], error.message);
      await redis.scriptKill();
      await stuck;
    } finally {
      await other.close();
    }
  });

  it("NOSCRIPT, and a command that there is not", async () => {
    await refused(redis.evalsha("0".repeat(40), []), "NOSCRIPT");
    await refused(redis.command("NOSUCHCOMMAND", "x"), "ERR");
  });

  it("NOPERM for the command itself; not for what a script calls", async () => {
    const bob = new Redis(server.url, { username: "bob", password: "pw", retry: false });
    try {
      await refused(bob.eval("return 1"), "NOPERM");
      const call = "redis.call('INCR', KEYS[1]); return redis.call('SET', 'b', 1)";
      const digest = await redis.scriptLoad(call);
      const error = await failure(bob.evalsha(digest, ["a"]));
      assert.equal(error.executed, "yes", error.message);
      const caught = await redis.scriptLoad(call.replace("return redis.call", "return redis.pcall"));
      assert.notEqual((await failure(bob.evalsha(caught, ["a"]))).executed, "no");
      assert.equal(await redis.get("a"), "2");
    } finally {
      await bob.close();
    }
  });

  describe("permissions that a script lacks after it has written", {
    skip: olderThan("7.2", "the texts that say so"),
  }, () => {
    const FORBIDDEN: Record<string, string> = {
      "a command": "redis.CALL('SET', 'a', 1)",
      "a key": "redis.CALL('INCR', 'b')",
      "a channel": "redis.CALL('PUBLISH', 'other', 'x')",
    };
    const HOW: Record<string, (call: string) => string> = {
      raises: (call) => `return ${call.replace("CALL", "call")}`,
      returns: (call) => `return ${call.replace("CALL", "pcall")}`,
      "returns the text of": (call) => `return redis.error_reply(${call.replace("CALL", "pcall")}.err)`,
    };
    let carol: Redis;
    before(async () => {
      await server.cli("ACL", "SETUSER", "carol", "on", ">pw", "~a*", "&news", "+@all", "-set");
      carol = new Redis(server.url, { username: "carol", password: "pw" });
    });
    after(() => carol.close());
    for (const [what, call] of Object.entries(FORBIDDEN)) {
      for (const [how, make] of Object.entries(HOW)) {
        it(`a script that ${how} what it gets for ${what} has run, once`, async () => {
          const name = `f_${what}_${how}`.replaceAll(" ", "_");
          const source = `redis.call('INCR', KEYS[1]); ${make(call)}`;
          await redis.functionLoad(
            `#!lua name=${name}\nredis.register_function('${name}', function(KEYS) ${source} end)`,
          );
          const ways: readonly ((key: string) => Promise<unknown>)[] = [
            (key) => carol.eval(source, [key]),
            (key) => carol.fcall(name, [key]),
            (key) => carol.multi().eval(source, [key]).exec(),
            (key) => carol.pipeline().eval(source, [key]).exec(),
            (key) => carol.watch(key, (tx) => tx.eval(source, [key])),
          ];
          for (const [number, way] of ways.entries()) {
            const key = `a:${name}:${number}`;
            const error = await failure(way(key));
            assert.match(error.message, /ACL failure in script/);
            assert.equal(error.executed, "yes", error.message);
            assert.equal(await redis.get(key), "1");
          }
        });
      }
    }

    it("a permission that is revoked while a transaction is queued, or before EVAL, runs nothing", async () => {
      const revoked = await failure(carol.watch("a:tx", async (tx) => {
        const done = tx.multi().incr("a:tx");
        await server.cli("ACL", "SETUSER", "carol", "-incr");
        return await done.exec();
      }));
      await server.cli("ACL", "SETUSER", "carol", "+incr", "-eval");
      const refusal = await failure(carol.eval("return redis.call('INCR', KEYS[1])", ["a:tx"]));
      await server.cli("ACL", "SETUSER", "carol", "+eval");
      assert.deepEqual([revoked.executed, refusal.executed], ["no", "no"]);
      assert.equal(await redis.get("a:tx"), null);
    });
  });

  it("OOM and READONLY: the same words may come from a command that the script called", async () => {
    const source = "redis.pcall('PUBLISH', 'c', 1); return redis.pcall('SET', 'k', 1)";
    const raising = source.replace("return redis.pcall", "return redis.call");
    const uncertain = async (code: string): Promise<void> => {
      const caught = await failure(redis.eval(source));
      // Before Redis 7.0 the text that pcall gives has no code.
      const expected = caught.code === "ERR" ? "yes" : "unknown";
      assert.equal(caught.executed, expected, caught.message);
      assert.equal((await failure(redis.eval(raising))).executed, "yes");
      await refused(redis.set("k", 1), code);
    };
    try {
      await redis.configSet("maxmemory", 1);
      await uncertain("OOM");
    } finally {
      await redis.configSet("maxmemory", 0);
    }
    try {
      await redis.replicaof("127.0.0.1", 1);
      await uncertain("READONLY");
    } finally {
      await redis.replicaof("NO", "ONE");
    }
  });
});

describe("commands that nobody has told us of", () => {
  it("are not repeated for a code that their module gives", async () => {
    const { clock, peer, redis } = stage();
    let calls = 0;
    peer.script = ([name], connection) => {
      if (name !== "MY.CMD") return connection.serve();
      calls++;
      return new ErrorReply("BUSY the index is being built");
    };
    const outcome = failure(redis.command("MY.CMD"));
    await clock.advance(10_000);
    const error = await outcome;
    assert.deepEqual([error.code, error.executed, calls], ["BUSY", "unknown", 1]);
    const pipelined = failure(redis.pipeline().execute(command("MY.CMD")).exec());
    await clock.advance(10_000);
    assert.deepEqual([(await pipelined).executed, calls], ["unknown", 2]);
    await redis.close();
  });
});
