import { Buffer } from "node:buffer";
import { after, before, describe, it } from "node:test";
import { type Server, startServer } from "../harness/server.ts";
import { compare, event, outcome, type Run } from "./differential.ts";

/** Collects messages of all kinds; returns how to note them when all that were published have come. */
function watchMessages(run: Run, client: Run["Redis"]): () => Promise<void> {
  const messages: unknown[] = [];
  const names = ["message", "messageBuffer", "pmessage", "pmessageBuffer", "smessage", "smessageBuffer"];
  for (const name of names) client.on(name, (...args: unknown[]) => messages.push([name, ...args]));
  return async () => {
    await client.ping();
    run.note(messages);
  };
}

const PROGRAMS: Readonly<Record<string, (run: Run, protocol: number) => Promise<void>>> = {
  "subscribes, gets messages and unsubscribes": async (run, protocol) => {
    const sub = run.make({ protocol });
    const pub = run.make({ protocol });
    const noteMessages = watchMessages(run, sub);
    run.note(await sub.subscribe("a", "b"), await sub.psubscribe("p*"), await sub.ssubscribe("s"), sub.mode);
    run.note(await sub.subscribe(["c", "d"]));
    for (const channel of ["a", "c", "p1"]) run.note(await pub.publish(channel, `to ${channel}`));
    run.note(await pub.publish(Buffer.from("a"), Buffer.from([0, 255])), await pub.publish("b", ""));
    run.note(await pub.spublish("s", "sharded"));
    await noteMessages();
    run.note(await sub.unsubscribe("a"), await sub.unsubscribe("never"), await sub.punsubscribe("p*"));
    run.note(await sub.sunsubscribe("s"), await sub.unsubscribe(), sub.mode);
    run.note(await outcome(sub.set("after", 1)));
    run.note(await sub.unsubscribe(), await sub.punsubscribe(), await sub.unsubscribe("x"));
    run.note(await outcome(sub.subscribe()));
  },
  "takes few commands while it is subscribed": async (run, protocol) => {
    const sub = run.make({ protocol });
    await sub.subscribe("a");
    run.note(await outcome(sub.get("k")), await outcome(sub.ping()), await outcome(sub.ping("x")));
    run.note(await outcome(sub.hgetall("k")), await outcome(sub.lrange("k", 0, -1)));
    run.note(await outcome(sub.pipeline().get("k").exec()));
    run.note(await outcome(sub.quit()));
  },
  "calls callbacks": async (run, protocol) => {
    const sub = run.make({ protocol });
    run.note(await new Promise((resolve) => sub.subscribe("a", "b", (...args: unknown[]) => resolve(args))));
    run.note(await new Promise((resolve) => sub.unsubscribe((...args: unknown[]) => resolve(args))));
  },
  "subscribes again after a loss": async (run, protocol) => {
    const sub = run.make({ protocol, retryStrategy: () => 20 });
    const pub = run.make({ protocol });
    const noteMessages = watchMessages(run, sub);
    const id = await sub.client("ID");
    await sub.subscribe("a");
    await sub.psubscribe("p*");
    const ready = event(sub, "ready");
    await pub.client("KILL", "ID", id);
    await ready;
    let channels: unknown[] = [];
    while (channels.length === 0) channels = await pub.pubsub("CHANNELS");
    while ((await pub.pubsub("NUMPAT")) === 0);
    run.note(await pub.publish("a", "again"), await pub.publish("p1", "again"));
    await noteMessages();
    run.note(await sub.unsubscribe("a"));
  },
  "does not subscribe again without autoResubscribe": async (run, protocol) => {
    const sub = run.make({ protocol, retryStrategy: () => 20, autoResubscribe: false });
    const pub = run.make({ protocol });
    const id = await sub.client("ID");
    await sub.subscribe("a");
    const ready = event(sub, "ready");
    await pub.client("KILL", "ID", id);
    await ready;
    run.note(await sub.ping(), await pub.publish("a", "nobody"), await outcome(sub.get("k")), sub.mode);
  },
  "has no prefix for patterns, and one for channels": async (run, protocol) => {
    const sub = run.make({ protocol, keyPrefix: "x:" });
    const pub = run.make({ protocol });
    const noteMessages = watchMessages(run, sub);
    await sub.subscribe("a");
    await sub.psubscribe("p*");
    run.note(await pub.pubsub("CHANNELS"), await pub.publish("a", 1), await pub.publish("x:a", 1));
    run.note(await pub.publish("p1", 1));
    await noteMessages();
  },
  "is subscribed within a pipeline": async (run, protocol) => {
    const sub = run.make({ protocol });
    run.note(await outcome(sub.pipeline().subscribe("a").psubscribe("b*").exec()));
  },
};

for (const protocol of [2, 3]) {
  describe(`ioredis: publish and subscribe, protocol ${protocol}`, () => {
    let server: Server;
    before(async () => void (server = await startServer()));
    after(() => server.stop());

    for (const [name, program] of Object.entries(PROGRAMS)) {
      it(name, () => compare(server, (run) => program(run, protocol)).then(() => {}));
    }
  });
}
