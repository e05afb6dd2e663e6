import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "../harness/properties.ts";
import { type ConnectionOptions, resolveOptions } from "../../src/options.ts";

const ms = fc.integer({ min: 0, max: 2_147_483_647 });
const some = fc.string({ minLength: 1, unit: "grapheme" }).filter((text) => text.isWellFormed());
const word = fc.string({ minLength: 1, unit: fc.constantFrom(..."abcXYZ019._-:!%&=?#@/+") });
const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6().map((address) => address.toLowerCase()));
const kinds = fc.uniqueArray(fc.constantFrom("ConnectionError", "TimeoutError", "LOADING", "BUSY"), {
  minLength: 1,
});
const backoff = fc.constantFrom(
  "none",
  "constant:7",
  "exponential",
  "exponential:5:50:equal",
  "exponential:5",
);

const query = fc.record({
  protocol: fc.constantFrom(2 as const, 3 as const),
  clientName: word,
  libVersion: word,
  connectTimeout: ms,
  commandTimeout: ms,
  socketTimeout: ms,
  blockingGrace: ms,
  healthCheckInterval: ms,
  keepAlive: fc.oneof(
    fc.boolean(),
    fc.record({ idle: fc.integer({ min: 1, max: 99 }), count: fc.integer({ min: 1, max: 9 }) }),
  ),
  noDelay: fc.boolean(),
  readBufferSize: fc.integer({ min: 512, max: 99_999 }),
  encoding: fc.constantFrom("utf8" as const, "latin1" as const, "bytes" as const),
  encodingErrors: fc.constantFrom("strict" as const, "replace" as const),
  retry: fc.record({ attempts: fc.nat(), backoff, on: kinds, unsafe: fc.boolean() }),
  retryOnTimeout: fc.boolean(),
  retryOnError: kinds,
  reconnect: fc.record({ attempts: fc.oneof(fc.nat(), fc.constant(Infinity)), backoff }),
  limits: fc.record({ maxDepth: fc.integer({ min: 1, max: 999 }) }),
}, { requiredKeys: [] });

const options: fc.Arbitrary<ConnectionOptions> = fc.tuple(
  fc.oneof(
    fc.record({ path: some.filter((path) => !path.includes("\0")).map((path) => `/${path}`) }),
    fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }), tls: fc.boolean() }, {
      requiredKeys: ["host"],
    }),
  ),
  fc.oneof(
    fc.record({ username: some, password: fc.string() }),
    fc.record({ password: some }),
    fc.constant({}),
  ),
  fc.record({ db: fc.nat() }, { requiredKeys: [] }),
  query,
).map((parts) => Object.assign({}, ...parts));

/** Spells options as a URL; written apart from what reads them. */
function spell({ host, port, path, tls, username, password, db, ...rest }: ConnectionOptions): string {
  const pairs: string[] = [];
  const add = (name: string, value: unknown) => {
    if (typeof value === "object" && !Array.isArray(value)) {
      for (const [field, inner] of Object.entries(value!)) add(`${name}.${field}`, inner);
    } else pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`);
  };
  for (const [name, value] of Object.entries(rest)) add(name, value);
  const who = password === undefined
    ? ""
    : `${encodeURIComponent(username ?? "")}:${encodeURIComponent(password)}@`;
  if (path !== undefined) {
    if (db !== undefined) add("db", db);
    return `unix://${who}/${encodeURIComponent(path.slice(1))}?${pairs.join("&")}`;
  }
  const where = `${host!.includes(":") ? `[${host}]` : host}${port === undefined ? "" : `:${port}`}`;
  return `${tls ? "rediss" : "redis"}://${who}${where}${db === undefined ? "" : `/${db}`}?${pairs.join("&")}`;
}

describe("a URL made of options", () => {
  it("comes to the same as the options", () => {
    fc.assert(fc.property(options, (given) => {
      const direct = resolveOptions(given);
      const read = resolveOptions(spell(given));
      assert.deepEqual(read.toJSON(), direct.toJSON());
      assert.equal(read.password, direct.password);
    }));
  });

  it("of any text is read, or refused with an error of ours that does not hold the password", () => {
    const password = "hunter2x";
    const piece = fc.string({ unit: fc.constantFrom(..."ab01:/?#@%&=[].,-+ \r\n") });
    fc.assert(fc.property(piece, piece, piece, (before, between, after) => {
      for (
        const url of [
          `redis://${before}:${password}${between}@h${after}`,
          `redis://h?password=${password}${after}`,
        ]
      ) {
        try {
          resolveOptions(url);
        } catch (error) {
          assert.ok(error instanceof TypeError || error instanceof RangeError);
          assert.ok(!error.message.includes(password), error.message);
        }
      }
    }));
  });
});
