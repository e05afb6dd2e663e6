/**
 * The types of pipelines: `deno check` is the test, and running it shows only that it can be imported.
 *
 * @module
 */
import { it } from "node:test";
import { createScript, type Pipeline, type Redis, type StreamMessage } from "../../mod.ts";
import { get, hgetall, incr, zrange } from "../../src/commands/mod.ts";
import type { BytesPromise, TextPromise } from "../../base.ts";
import type { CoreClient } from "../../core.ts";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false;
/** Compiles only where `promise` gives exactly `Expected`. */
type Gives<P extends Promise<unknown>, Expected> = Same<Awaited<P>, Expected>;
function holds<_ extends true>(): void {}

/** Never called. */
export async function checks(redis: Redis, core: CoreClient): Promise<void> {
  const chain = redis.pipeline().set("a", 1).get("a").incr("n").zrange("z", 0, -1, { withScores: true });
  const results = chain.exec();
  holds<Gives<typeof results, ["OK", string | null, number, [string, number][]]>>();
  const settled = chain.exec({ settle: true });
  holds<
    Gives<
      typeof settled,
      ["OK" | Error, string | null | Error, number | Error, [string, number][] | Error]
    >
  >();

  const bytes = redis.bytes().pipeline().get("a").hgetall("h").exec();
  holds<Gives<typeof bytes, [Uint8Array | null, Map<Uint8Array, Uint8Array>]>>();
  const empty = redis.pipeline().exec();
  holds<Gives<typeof empty, []>>();

  const list = redis.pipeline([get("a"), incr("n"), zrange("z", 0, -1)]).exec();
  holds<Gives<typeof list, [string | null, number, string[]]>>();
  const longer = redis.pipeline([get("a")]).incr("n").exec();
  holds<Gives<typeof longer, [string | null, number]>>();
  const many = redis.pipeline(["a", "b"].map((key) => get(key))).exec();
  holds<Gives<typeof many, (string | null)[]>>();
  const named = redis.pipeline({ a: get("a"), all: hgetall("h") }).exec();
  holds<Gives<typeof named, { a: string | null; all: Record<string, string> }>>();
  const namedBytes = redis.bytes().pipeline({ a: get("a") }).exec();
  holds<Gives<typeof namedBytes, { a: Uint8Array | null }>>();
  const namedSettled = redis.pipeline({ a: get("a") }).exec({ settle: true });
  holds<Gives<typeof namedSettled, { a: string | null | Error }>>();

  const raw = redis.pipeline().command<number>("MY.COMMAND").script<string>("return 'x'").exec();
  holds<Gives<typeof raw, [number, string]>>();
  const limited = redis.with({ timeout: 5 }).multi().incr("n").exec();
  holds<Gives<typeof limited, [number]>>();

  const watched = redis.watch("k", async (tx) => {
    const value = tx.get("k");
    holds<Gives<typeof value, string | null>>();
    return tx.multi().set("k", await value ?? "").incr("n");
  });
  holds<Gives<typeof watched, ["OK", number]>>();
  const passed = redis.watch(["k"], async (tx) => await tx.strlen("k"));
  holds<Gives<typeof passed, number>>();

  const script = createScript<number>("return 1");
  const ran = redis.execute(script(["k"]));
  holds<Gives<typeof ran, number>>();

  for await (const key of redis.scanIterator({ match: "a*" })) holds<Same<typeof key, string>>();
  for await (const key of redis.bytes().scanIterator()) holds<Same<typeof key, Uint8Array>>();
  for await (const pair of redis.zscanIterator("z")) holds<Same<typeof pair, [string, number]>>();
  for await (const field of redis.hscanIterator("h", { noValues: true })) holds<Same<typeof field, string>>();
  for await (const message of redis.consume({ stream: "s", group: "g", consumer: "c" })) {
    holds<Same<typeof message, StreamMessage<Record<string, string>>>>();
  }
  for await (const message of redis.bytes().consume({ stream: "s", group: "g", consumer: "c" })) {
    holds<Same<typeof message.fields, Map<Uint8Array, Uint8Array>>>();
  }

  const small = core.execute(get("a"));
  holds<Gives<typeof small, string | null>>();
  const all = core.executeAll([get("a"), incr("n")]);
  holds<Gives<typeof all, [string | null | Error, number | Error]>>();

  // @ts-expect-error: a pipeline has no methods for what changes the state of the connection
  redis.pipeline().select(1);
  // @ts-expect-error: there is one result, and it is no text
  const [_only, _none]: [string] = await redis.pipeline().incr("n").exec();
  // @ts-expect-error: a group needs a consumer
  redis.consume({ stream: "s", group: "g" });
}

/** Types by name. */
export type Chains = [Pipeline<TextPromise, [string]>, Pipeline<BytesPromise, [Uint8Array]>];

it("compiles", () => {});
