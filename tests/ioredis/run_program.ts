/**
 * Runs a random program with a library for Redis that has ioredis' API, and logs everything that can be observed.
 *
 * @module
 */
import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import type { Server } from "../harness/server.ts";
import { type Client, plain } from "./differential.ts";
import type { Call, Step } from "./random_program.ts";

const EVENTS = [
  "wait",
  "connecting",
  "connect",
  "ready",
  "close",
  "reconnecting",
  "end",
  "error",
  "select",
  "message",
  "messageBuffer",
  "pmessage",
  "pmessageBuffer",
  "smessage",
  "smessageBuffer",
];
/** Milliseconds after which a promise counts as one that never settles. */
const NEVER = 1_000;

/** The record of a program: one entry a step, then one a client. */
export type Log = unknown[];

interface Made {
  readonly client: Client;
  readonly name: string;
  readonly events: unknown[];
}

/** Runs the steps; `control` is another client of the server. */
export async function runProgram(
  Redis: Client,
  server: Server,
  control: Client,
  steps: readonly Step[],
): Promise<Log> {
  await control.flushall();
  await control.script("FLUSH");
  const log: Log = [];
  const made: Made[] = [];

  const adopt = (client: Client, name: string): void => {
    const events: unknown[] = [];
    made.push({ client, name, events });
    for (const event of EVENTS) {
      client.on(event, (...args: unknown[]) => {
        // The status is that of a later time, if the machine is slow. Whether a write meets a connection that the server has just closed is a matter of chance.
        if (event === "error" && /EPIPE|ECONNRESET/.test(String(args[0]))) return;
        events.push([event, plain(args)]);
      });
    }
  };
  const make = (given: Record<string, unknown>): void => {
    const { delays, reconnect, ...options } = given as { delays: number[]; reconnect?: unknown };
    const name = `c${made.length}`;
    let asked = 0;
    const client = new Redis({
      ...options,
      host: server.host,
      port: server.port,
      connectionName: name,
      retryStrategy: (times: number) => delays[times - 1] ?? null,
      ...(reconnect === undefined ? {} : { reconnectOnError: () => ++asked % 2 === 1 && reconnect }),
    });
    adopt(client, name);
  };
  /** Waits until the client has come to rest. */
  const rest = async ({ client }: Made): Promise<void> => {
    const closing = (): boolean => (isFace(client) ? client.wire : client.stream)?.writable === false;
    const rests = (): boolean =>
      client.status === "ready" ? !closing() : client.status === "wait" || client.status === "end";
    await nextTurn();
    for (let turns = 0; !rests(); turns++) {
      if (turns > 12_000) throw new Error(`${client.status} does not come to rest`);
      await sleep(5);
    }
  };
  /** Resolves when the connection that a client has now is gone. */
  const gone = async ({ client }: Made): Promise<void> => {
    if (!["ready", "connect", "connecting"].includes(client.status)) return;
    await settled(new Promise<void>((resolve) => client.once("end", resolve).once("close", resolve)));
  };
  const settled = async (promise: unknown): Promise<unknown> => {
    const never = new AbortController();
    try {
      return await Promise.race([promise, sleep(NEVER, "never", { signal: never.signal })]);
    } catch (error) {
      return error;
    } finally {
      never.abort();
    }
  };
  /**
   * Starts calls; the result resolves with their outcomes in the order in which they settle. Those of scripts, which
   * settle some turns later in ioredis, and callbacks are kept apart. On Bun, promises of ioredis settle in another order.
   */
  const start = (target: Client, calls: readonly Call[], tag = ""): () => Promise<unknown[]> => {
    const order: unknown[] = [];
    const scripts: unknown[] = [];
    const callbacks: unknown[] = [];
    const call = ({ method, args, callback }: Call, index: number): unknown => {
      const label = `${tag}${index} ${method}`;
      const notes = method.startsWith("mine") ? scripts : order;
      // ioredis loses the name of the command there.
      if (method === "callBuffer" && target.options?.enableAutoPipelining) return;
      if (typeof target[method] !== "function") return notes.push([label, "no method"]);
      const copy = structuredCopy(args);
      let called: Promise<void> | undefined;
      if (callback) {
        called = new Promise((resolve) => {
          copy.push((...outcome: unknown[]) => resolve(void callbacks.push([label, plain(outcome)])));
        });
      }
      try {
        const promise = target[method](...copy);
        if (typeof promise?.then !== "function") return notes.push([label, plain(promise)]);
        const settles = promise.then(
          (value: unknown) => notes.push([label, plain(value)]),
          (error: unknown) => notes.push([label, "rejected", plain(error)]),
        );
        return Promise.all([called, settles]);
      } catch (error) {
        return notes.push([label, "thrown", (error as Error).name]);
      }
    };
    const all = Promise.all(calls.map(call));
    return async () => {
      const last = await settled(all);
      callbacks.sort((one, other) => String(one) < String(other) ? -1 : 1);
      if ("Bun" in globalThis) order.sort((one, other) => String(one) < String(other) ? -1 : 1);
      return [
        ...order,
        "scripts",
        ...scripts,
        "callbacks",
        ...callbacks,
        ...(last === "never" ? [last] : []),
      ];
    };
  };

  try {
    for (const [index, step] of steps.entries()) {
      const own: unknown[] = [index, step.do];
      log.push(own);
      if (step.do === "make") {
        make(step.options);
        own.push(made.at(-1)!.client.status);
        continue;
      }
      if (step.do === "publish") {
        for (const each of made) await rest(each);
        own.push(plain(await settled(control[step.method](step.channel, step.message))));
        for (const { client } of made) if (client.status === "ready") await settled(client.ping());
        continue;
      }
      const { client, name } = made[step.at]!;
      if (step.do === "duplicate") {
        const name = `c${made.length}`;
        adopt(client.duplicate({ ...step.options, connectionName: name }), name);
      } else if (step.do === "burst") {
        own.push(await start(client, step.calls)());
      } else if (step.do === "define") {
        client.defineCommand(step.name, step.script);
      } else if (step.do === "pipeline") {
        const { start: kind, list, calls, end, callback } = step;
        try {
          const pipeline = list
            ? client[kind](
              calls.filter(({ method }) => method in client).map((
                { method, args },
              ) => [method, ...structuredCopy(args)]),
            )
            : client[kind]();
          const called: unknown[] = [];
          if (!list) {
            for (const { method, args, callback } of calls) {
              const given = structuredCopy(args);
              if (callback) {
                given.push((...outcome: unknown[]) => {
                  const entry = [method, plain(outcome)];
                  if (method.startsWith("mine")) called.unshift(entry);
                  else called.push(entry);
                });
              }
              if (typeof pipeline[method] === "function") pipeline[method](...given);
            }
          }
          own.push(pipeline.length);
          const done = (...outcome: unknown[]): void => void called.push(["exec", plain(outcome)]);
          own.push(plain(await settled(pipeline[end](...(callback ? [done] : [])))), called);
        } catch (error) {
          own.push("thrown", (error as Error).name);
        }
      } else if (step.do === "transaction") {
        if (client.options.enableAutoPipelining) continue;
        const calls: Call[] = [];
        if (step.watched) calls.push({ method: "watch", args: ["k1"], callback: false });
        own.push(await start(client, calls)());
        if (step.conflict) await control.set(`${client.options.keyPrefix ?? ""}k1`, "changed");
        const all = start(client, [
          { method: "multi", args: [{ pipeline: false }], callback: false },
          ...step.calls,
          { method: step.end, args: [], callback: false },
        ], "t");
        own.push(await all());
      } else if (step.do === "close") {
        // The pipeline of the turn meets an end that is under way, or not: a matter of chance.
        if (client.options.enableAutoPipelining) continue;
        if (client.status === "wait" && step.how === "disconnect(true)") continue;
        const before = start(client, step.before, "before ");
        const closed = gone(made[step.at]!);
        const close = step.how === "disconnect(true)"
          ? (client.disconnect(true), undefined)
          : client[step.how]();
        own.push(client.status);
        const after = start(client, step.after, "after ");
        own.push(plain(await settled(close)), await before(), await after());
        await closed;
      } else if (step.do === "connect") {
        const before = start(client, step.before);
        const connected = settled(client.connect());
        own.push(client.status, plain(await connected), await before());
      } else if (step.do === "kill") {
        await kill(step, made[step.at]!, own);
      } else if (step.do === "scan") {
        const items: unknown[] = [];
        const read = async (): Promise<string> => {
          for await (const part of client[step.method](...step.args)) items.push(...part);
          return "read";
        };
        own.push(plain(await settled(read())), items.map((item) => JSON.stringify(plain(item))).sort());
      }
      for (const each of made) await rest(each);
      own.push(client.status, client.mode, client.condition?.select, name);
    }
    for (const each of made) await rest(each);
    await sleep(1);
    for (const { client, events } of made) {
      log.push(events.slice(), client.status, client.offlineQueue?.length);
    }
  } finally {
    for (const { client } of made) {
      client.removeAllListeners();
      client.on("error", () => {});
      client.disconnect();
    }
  }
  return log;

  async function kill(step: Extract<Step, { do: "kill" }>, one: Made, own: unknown[]): Promise<void> {
    const { client, name } = one;
    await rest(one);
    if (client.status !== "ready") return;
    const key = `${client.options.keyPrefix ?? ""}blocked`;
    const blocks = step.blocked && client.mode === "normal" && !client.options.reconnectOnError;
    const lines = async (): Promise<string[]> =>
      (await control.client("LIST") as string).split("\n").filter((line) => line.includes(` name=${name} `));
    const calls = blocks ? [{ method: "blpop", args: ["blocked", 0], callback: false }, ...step.calls] : [];
    const all = start(client, calls);
    if (blocks) {
      for (let turns = 0; !(await lines()).some((line) => / flags=\w*b/.test(line)); turns++) {
        if (turns > 30_000) throw new Error(`${name} does not block`);
        await sleep(1);
      }
    }
    const closed = gone(one);
    for (const line of await lines()) await control.client("KILL", "ID", /id=(\d+)/.exec(line)![1]);
    await closed;
    await rest(one);
    const db = client.condition?.select ?? 0;
    if (blocks) await control.multi().select(db).del(key).rpush(key, "x").select(0).exec();
    else if (client.status === "ready") await settled(client.ping());
    own.push(await all());
    if (blocks) await control.multi().select(db).del(key).select(0).exec();
  }
}

function isFace(client: Client): boolean {
  return "dispatcher" in client;
}

/** Copies arguments, as a library may change lists that it is given. */
function structuredCopy(args: readonly unknown[]): unknown[] {
  return args.map((arg) => Array.isArray(arg) ? structuredCopy(arg) : arg);
}
