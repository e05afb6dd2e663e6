/** Servers that do not do what real ones do at a chosen time: each program runs with ioredis and with the face. @module */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import Genuine from "ioredis";
import Face from "../../ioredis.ts";
import { ErrorReply } from "../harness/resp.ts";
import { type Script, ScriptedPeer } from "../harness/scripted_peer.ts";
import { type Client, event, outcome, plain } from "./differential.ts";

/** The surroundings of a program. */
interface Run {
  readonly Redis: Client;
  readonly peer: ScriptedPeer;
  /** Makes a client of the peer; it is closed when the program ends. */
  make(options?: object): Client;
  note(...what: unknown[]): void;
}

/** Runs a program with both libraries, each with a peer of its own, and compares what it notes. */
async function compare(script: Script, program: (run: Run) => Promise<void>): Promise<void> {
  const both: unknown[][] = [];
  for (const Redis of [Genuine, Face] as Client[]) {
    const notes: unknown[] = [];
    const clients: Client[] = [];
    const peer = new ScriptedPeer({ script });
    const { host, port } = await peer.listen();
    let over = false;
    const note = (...what: unknown[]): void => void (over || notes.push(plain(what)));
    const make = (options: object = {}): Client => {
      const client = new Redis({ host, port, ...options });
      client.on("error", () => {});
      clients.push(client);
      return client;
    };
    const { warn } = console;
    console.warn = (message: string) => note("warning", message);
    try {
      await program({ Redis, peer, make, note });
    } finally {
      over = true;
      console.warn = warn;
      for (const client of clients) client.disconnect();
      await peer.stop();
    }
    // Each peer has a port of its own.
    both.push(JSON.parse(JSON.stringify(notes).replaceAll(String(port), "PORT")));
  }
  assert.ok(both[0]!.length > 0);
  assert.deepEqual(both[1], both[0]);
}

const serve: Script = ([name], connection) =>
  name === "INFO" ? "role:master\r\nloading:0\r\n" : connection.serve();

/** Replies to one command with an error. */
function failing(name: string, message: string): Script {
  return (command, connection) => command[0] === name ? new ErrorReply(message) : serve(command, connection);
}

describe("ioredis: handshakes", () => {
  for (const protocol of [2, 3]) {
    it(`send what ioredis sends with RESP${protocol}`, () =>
      compare(serve, async ({ make, note, peer }) => {
        const all: object[] = [
          {},
          { db: 3 },
          { db: "4" },
          { connectionName: "name" },
          { connectionName: "a name" },
          { readOnly: true },
          { disableClientInfo: true },
          { clientInfoTag: "tag" },
          { password: "" },
          { enableReadyCheck: false },
          { db: 1, connectionName: "n", readOnly: true, enableReadyCheck: false },
        ];
        for (const options of all) {
          const redis = make({ protocol, ...options });
          const value = await outcome(redis.get("key"));
          note(options, value, redis.condition.protocol, redis.condition.select, peer.received.splice(0));
        }
      }));
  }

  const refusals = [
    "ERR Client sent AUTH, but no password is set",
    "ERR AUTH <password> called without any password configured for the default user. Are you sure?",
    "ERR wrong number of arguments for 'auth' command",
    "WRONGPASS invalid username-password pair",
    "NOPROTO unsupported protocol version",
    "ERR unknown command `HELLO`, with args beginning with: `3`",
  ];
  for (const name of ["AUTH", "HELLO"]) {
    it(`go on, fall back or fail when ${name} is refused`, async () => {
      for (const message of refusals) {
        await compare(failing(name, message), async ({ make, note, peer }) => {
          const redis = make({
            protocol: name === "AUTH" ? 2 : 3,
            password: "secret",
            replyMapping: name === "AUTH" ? "legacy" : "resp3",
            maxRetriesPerRequest: 0,
            retryStrategy: () => null,
          });
          note(message, await outcome(redis.get("key")), redis.condition.protocol);
          note(peer.received.map(([word]) => word));
        });
      }
    });
  }

  it("handle errors of INFO, SELECT and CLIENT as ioredis does", async () => {
    const errors = [
      ["INFO", "NOPERM this user has no permissions to run the 'info' command"],
      ["INFO", "NOAUTH Authentication required."],
      ["INFO", "ERR something else"],
      ["SELECT", "ERR DB index is out of range"],
      ["CLIENT", "ERR unknown subcommand"],
    ] as const;
    for (const [name, message] of errors) {
      await compare(failing(name, message), async ({ make, note, peer }) => {
        const redis = make({ db: 5, connectionName: "name", retryStrategy: () => null });
        note(name, message, await outcome(redis.get("key")));
        note(peer.received.map(([word]) => word));
      });
    }
  });
});

describe("ioredis: a client in each status", () => {
  const STATUSES = ["wait", "connecting", "connect", "ready", "close", "reconnecting", "end"];
  const ACTIONS: Readonly<Record<string, (redis: Client) => unknown>> = {
    "connect": (redis) => redis.connect(),
    "quit": (redis) => redis.quit(),
    "disconnect": (redis) => redis.disconnect(),
    "disconnect, and reconnect": (redis) => redis.disconnect(true),
    "get": (redis) => redis.get("key"),
    "pipeline": (redis) => redis.pipeline().set("key", 1).get("key").exec(),
    "multi": (redis) => redis.multi().set("key", 1).get("key").exec(),
    "subscribe": (redis) => redis.subscribe("channel"),
    "select": (redis) => redis.select(2),
    "duplicate": (redis) => {
      const twin = redis.duplicate({ lazyConnect: true });
      return twin.get("key").finally(() => twin.disconnect());
    },
  };

  /** Connects again when the client would wait for that: no timer can come before the listeners of events. */
  function reconnectAtOnce(redis: Client): void {
    redis.on("reconnecting", () => redis.connect().catch(() => {}));
  }

  /** Starts an action in the turn in which a client has come to a status; resolves with its outcome. */
  async function inStatus(
    redis: Client,
    status: string,
    peer: ScriptedPeer,
    action: () => Promise<unknown>,
  ): Promise<unknown> {
    if (status === "wait") {
      reconnectAtOnce(redis);
      return await action();
    }
    if (status !== "connect" && status !== "connecting" && status !== "ready") await redis.connect();
    const result = new Promise((resolve) => redis.once(status, () => resolve(action())));
    reconnectAtOnce(redis);
    if (status === "close" || status === "reconnecting") peer.last.cutAfter({ toPeer: 0 });
    else if (status === "end") redis.disconnect();
    else redis.connect().catch(() => {});
    return await result;
  }

  /** Waits until the status is a lasting one. */
  async function rest(redis: Client): Promise<void> {
    while (!["wait", "ready", "end"].includes(redis.status)) {
      await Promise.race(["ready", "end"].map((name) => event(redis, name)));
    }
  }

  for (const status of STATUSES) {
    it(`does what one of ioredis does: ${status}`, async () => {
      for (const [name, action] of Object.entries(ACTIONS)) {
        await compare(serve, async ({ make, note, peer }) => {
          const redis = make({
            lazyConnect: true,
            retryStrategy: (times: number) => times > 2 ? null : 60_000,
            autoResubscribe: false,
          });
          const result = await inStatus(redis, status, peer, () => {
            const before = redis.status;
            const answer = action(redis);
            note(name, before, redis.status);
            return outcome(Promise.resolve(answer));
          });
          note(result);
          await rest(redis);
          note(redis.offlineQueue.length, redis.commandQueue.length, redis.mode);
        });
      }
    });
  }
});
