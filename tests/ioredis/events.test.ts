import { after, before, describe, it } from "node:test";
import { type Server, startServer } from "../harness/server.ts";
import { type Client, compare, event, outcome, type Run, untilRead, watch } from "./differential.ts";

/** Programs, each by a sentence. */
const PROGRAMS: Readonly<Record<string, (run: Run) => Promise<void>>> = {
  "connects and quits": async (run) => {
    const redis = run.make();
    watch(run, redis);
    run.note("before", redis.status);
    run.note(await redis.set("a", 1));
    run.note(await redis.quit());
    await event(redis, "end");
    run.note(await outcome(redis.get("a")), redis.status);
    run.note(await outcome(redis.quit()));
  },
  "disconnects": async (run) => {
    const redis = run.make();
    watch(run, redis);
    await event(redis, "ready");
    redis.disconnect();
    run.note(redis.status);
    await event(redis, "end");
    run.note(redis.status);
    await redis.connect();
    run.note(await redis.ping());
  },
  "disconnects in the same tick": async (run) => {
    const redis = run.make();
    watch(run, redis);
    redis.disconnect();
    await event(redis, "end");
    run.note(redis.status);
  },
  "disconnects after a command": async (run) => {
    const redis = run.make();
    watch(run, redis);
    await event(redis, "ready");
    const replies = Promise.all([redis.set("a", 1), redis.get("a")].map(outcome));
    redis.disconnect();
    run.note(await replies);
  },
  "disconnects while a command blocks": async (run) => {
    const redis = run.make();
    await event(redis, "ready");
    watch(run, redis);
    const reply = outcome(redis.blpop("nothing", 0));
    await run.make().ping();
    const end = event(redis, "end");
    redis.disconnect();
    run.note(await reply);
    await end;
  },
  "reconnects when it is told to": async (run) => {
    const redis = run.make({ retryStrategy: () => 20 });
    await event(redis, "ready");
    watch(run, redis);
    redis.disconnect(true);
    await event(redis, "ready");
    run.note(await redis.ping());
  },
  "waits with lazyConnect": async (run) => {
    const redis = run.make({ lazyConnect: true });
    watch(run, redis);
    run.note(redis.status);
    run.note(await redis.ping(), redis.status);
    run.note(await outcome(redis.connect()));
    const other = run.make({ lazyConnect: true });
    watch(run, other);
    other.disconnect();
    await event(other, "end");
    run.note(await outcome(other.ping()));
    const third = run.make({ lazyConnect: true });
    run.note(await third.connect(), third.status);
    const fourth = run.make({ lazyConnect: true });
    run.note(await outcome(fourth.quit()));
    const fifth = run.make({ lazyConnect: true });
    run.note(
      await new Promise((resolve) => fifth.connect((...args: unknown[]) => resolve(args)).catch(() => {})),
    );
  },
  "is refused": async (run) => {
    const redis = run.make({
      port: 1,
      host: "127.0.0.1",
      retryStrategy: (times: number) => times < 3 ? 1 : null,
    });
    watch(run, redis, true);
    const end = event(redis, "end");
    run.note(await outcome(redis.ping()));
    await end;
  },
  "gives up after maxRetriesPerRequest": async (run) => {
    const redis = run.make({ port: 1, host: "127.0.0.1", retryStrategy: () => 20, maxRetriesPerRequest: 2 });
    redis.on("error", () => {});
    run.note(await Promise.all([redis.ping(), redis.get("a")].map(outcome)));
    run.note(await outcome(redis.pipeline().ping().exec()));
  },
  "has no offline queue": async (run) => {
    const redis = run.make({ enableOfflineQueue: false });
    run.note(await outcome(redis.get("a")));
    await event(redis, "ready");
    run.note(await outcome(redis.get("a")));
  },
  "resends a command whose connection is killed": async (run) => {
    const redis = run.make({ retryStrategy: () => 20 });
    const other = run.make();
    await event(redis, "ready");
    watch(run, redis);
    const id = await redis.client("ID");
    const reply = redis.blpop("list", 0);
    const queued = redis.incr("counter");
    await untilRead(other, id);
    await other.client("KILL", "ID", id);
    await event(redis, "ready");
    await other.rpush("list", "item");
    run.note(await reply, await queued);
  },
  "loses a pipeline of which a part was answered": async (run) => {
    const redis = run.make({ retryStrategy: () => 20 });
    const other = run.make();
    await event(redis, "ready");
    const id = await redis.client("ID");
    const again = event(redis, "ready");
    const results = redis.pipeline().set("a", 1).blpop("list", 0).get("a").exec();
    let blocked = "";
    while (!blocked.includes("blocked_clients:1")) blocked = await other.info("clients");
    await other.client("KILL", "ID", id);
    await again;
    run.note(await results);
  },
  "goes back to its database": async (run) => {
    const redis = run.make({ retryStrategy: () => 20, db: 1 });
    const other = run.make({ db: 2 });
    watch(run, redis);
    await redis.select(2);
    await redis.set("in", "two");
    await other.client("KILL", "ID", await redis.client("ID"));
    await event(redis, "ready");
    run.note(await redis.get("in"), await other.get("in"));
    await redis.select(3);
    run.note(await redis.get("in"), redis.condition.select);
    run.note(await outcome(redis.select(99)));
  },
  "says when a password is wrong or missing": async (run) => {
    for (
      const options of [{ password: "wrong" }, { username: "nobody", password: "x" }, { username: "default" }]
    ) {
      const redis = run.make({ ...options, retryStrategy: null });
      watch(run, redis);
      const end = event(redis, "end");
      run.note(await outcome(redis.ping()));
      if (redis.status === "ready") redis.disconnect();
      await end;
    }
  },
  "times commands out": async (run) => {
    const redis = run.make({ commandTimeout: 30 });
    run.note(await outcome(redis.blpop("nothing", 0)));
    run.note(await outcome(redis.pipeline().blpop("nothing", 0).exec()));
  },
  "has a limit for blocking commands": async (run) => {
    const redis = run.make({ blockingTimeout: 20, blockingTimeoutGrace: 20 });
    await event(redis, "ready");
    run.note(await outcome(redis.blpop("nothing", 0)));
  },
  "has a limit for silence": async (run) => {
    const redis = run.make({ socketTimeout: 50, retryStrategy: null });
    // Slow machines may be silent for that long before the connection is ready: those events are not compared.
    redis.on("error", (error: Error) => run.event("error", error));
    const end = event(redis, "end");
    run.note(await outcome(redis.blpop("nothing", 0)));
    await end;
  },
  "reconnects on errors": async (run) => {
    for (const answer of [true, 1, 2, false]) {
      let asked = 0;
      const redis = run.make({
        retryStrategy: () => 20,
        reconnectOnError: (error: Error) => {
          run.note("asked", error.message);
          return ++asked > 1 ? false : answer;
        },
      });
      await event(redis, "ready");
      await redis.set("text", "x");
      watch(run, redis);
      const again = event(redis, "ready");
      run.note(await outcome(redis.incr("text")), asked);
      if (answer) await again;
      redis.removeAllListeners();
    }
  },
  "has stacks of the caller": async (run) => {
    const redis = run.make({ showFriendlyErrorStack: true });
    await redis.set("text", "x");
    const error = await outcome(redis.incr("text")) as Error;
    const caller = (stack: string): string => stack.split("\n")[1]!.replace(/.*\/|:\d+:\d+.*/g, "");
    run.note(error, caller(error.stack!));
    const aborted = await outcome(redis.multi().set("text").exec()) as Client;
    run.note(aborted.message, caller(aborted.stack), aborted.previousErrors.length);
  },
  "duplicates": (run) => {
    const redis = run.make({ keyPrefix: "p:", db: 1, lazyConnect: true });
    const twin = redis.duplicate();
    const other = redis.duplicate({ keyPrefix: "q:" });
    run.note(twin.options.db, twin.options.keyPrefix, other.options.keyPrefix, twin.status);
    run.note(twin instanceof run.Redis);
    other.disconnect();
    twin.disconnect();
    return Promise.resolve();
  },
  "takes the forms of the constructor": (run) => {
    const { port } = run.server;
    const lazyConnect = true;
    const forms: unknown[][] = [
      [port],
      [String(port)],
      [port, "127.0.0.1"],
      [port, "127.0.0.1", { db: 1 }],
      [port, { db: 1 }],
      ["/tmp/some.sock"],
      ["/tmp/some.sock?db=2"],
      [`redis://127.0.0.1:${port}`],
      [`redis://user:p%40ss@127.0.0.1:${port}/4?keyPrefix=a&family=6`],
      [`redis://:secret@host`],
      [`rediss://host`],
      [`127.0.0.1:${port}`],
      [`//127.0.0.1:${port}/3`],
      ["redis://[::1]:7000/1"],
      [{ port: String(port), db: "3", host: "h" }],
      [null, undefined, { port: 1 }],
      ["example.com"],
    ];
    for (const form of forms) {
      const redis = new run.Redis(...form, ...(form.length < 3 ? [{ lazyConnect }] : []));
      const { host, port, db, path, family, username, password, keyPrefix, tls } = redis.options;
      run.note({ host, port, db, path, family, username, password, keyPrefix, tls });
      redis.on("error", () => {});
      redis.disconnect();
    }
    const wrong = [true, { protocol: 2, replyMapping: "resp3" }, { sentinels: [] }, {
      sentinels: [{ port: 1 }],
    }];
    for (const form of wrong) {
      try {
        new run.Redis(form);
      } catch (error) {
        run.note(error);
      }
    }
    return Promise.resolve();
  },
};

describe("ioredis: the life of a client", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  for (const [name, program] of Object.entries(PROGRAMS)) {
    it(name, () => compare(server, program).then(() => {}));
  }
});
