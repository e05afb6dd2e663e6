import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { after, before, describe, it } from "node:test";
import { type Server, startServer } from "../harness/server.ts";
import { compare, event, outcome, type Run } from "./differential.ts";

const KINDS = ["start", "end", "asyncStart", "asyncEnd", "error"];

/** Notes what the tracing channels of ioredis publish while `program` runs. */
async function traced(run: Run, program: () => Promise<void>): Promise<void> {
  const seen: Record<string, unknown[]> = {};
  const listeners: [string, (message: unknown) => void][] = [];
  for (const channel of ["command", "batch", "connect"]) {
    for (const kind of KINDS) {
      const listen = (message: unknown): void => {
        const { serverPort, ...rest } = message as Record<string, unknown>;
        // Runtimes differ in the channels beside `start` that have the result.
        const { result: _, error, ...context } = rest;
        (seen[channel + kind] ??= []).push([serverPort === run.server.port, context, error]);
      };
      const name = `tracing:ioredis:${channel}:${kind}`;
      subscribe(name, listen);
      listeners.push([name, listen]);
    }
  }
  try {
    await program();
  } finally {
    for (const [name, listen] of listeners) unsubscribe(name, listen);
  }
  for (const [name, messages] of Object.entries(seen)) run.note(name, ...messages);
}

describe("ioredis: tracing channels", () => {
  let server: Server;
  before(async () => void (server = await startServer()));
  after(() => server.stop());

  it("publish commands, transactions and connects", async () => {
    await compare(server, (run) =>
      traced(run, async () => {
        const redis = run.make({ lazyConnect: true, db: 1 });
        await redis.connect();
        await redis.set("key", "secret", "EX", 60);
        await redis.hset("hash", "field", "secret");
        await redis.get("key");
        await outcome(redis.lpush("key", "secret"));
        await outcome(redis.echo("secret"));
        await redis.pipeline().set("a", 1).get("a").exec();
        await redis.multi().set("a", 1).get("a").exec();
        await outcome(redis.multi().set("a").exec());
        await redis.multi([["set", "a", 1]]).exec();
        await redis.select(0);
        await redis.eval("return ARGV[1]", 0, "text");
        await redis.mget("a", Buffer.from("b"));
        const end = event(redis, "end");
        await redis.quit();
        await end;
        await outcome(redis.connect());
        await outcome(redis.connect());
      }));
  });

  it("publish a command that is sent again once, and nothing before there are subscribers", async () => {
    await compare(server, async (run) => {
      const redis = run.make({ retryStrategy: () => 1 });
      const other = run.make();
      const id = await redis.client("ID");
      const seen: unknown[] = [];
      const listen = (message: unknown): void => void seen.push((message as { command: string }).command);
      subscribe("tracing:ioredis:command:start", listen);
      try {
        const reply = redis.blpop("list", 0);
        let blocked = "";
        while (!blocked.includes("blocked_clients:1")) blocked = await other.info("clients");
        const again = event(redis, "ready");
        await other.client("KILL", "ID", id);
        await again;
        await other.rpush("list", "item");
        run.note(await reply, seen.filter((name) => name === "blpop"));
      } finally {
        unsubscribe("tracing:ioredis:command:start", listen);
      }
    });
  });
});
