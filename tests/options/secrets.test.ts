import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "node:util";
import { resolveOptions, resolvePoolOptions, resolveRedisOptions } from "../../src/options.ts";

const SECRET = "hunter2";
const tls = { key: `-----BEGIN ${SECRET}`, cert: "/c.pem", passphrase: SECRET, ca: "/ca.pem" };
const resolved = [
  resolveOptions({ username: "bob", password: SECRET, tls }),
  resolveOptions({ credentials: Object.assign(() => ({ password: SECRET }), { token: SECRET }) }),
  resolveOptions({
    tls: { pfx: SECRET, passphrase: SECRET, checkServerIdentity: () => new Error(SECRET) },
    lookup: () => SECRET,
  }),
  resolvePoolOptions(`rediss://bob:${SECRET}@h`, { tls }),
  resolveRedisOptions(`redis://:${SECRET}@h`),
  resolveOptions({ path: "/s", username: "bob", password: SECRET }),
];

/** Catches what `console.log` itself prints, on the runtime that runs this. */
function printed(value: unknown): string {
  const runtime = globalThis as {
    Deno?: { inspect(value: unknown, options?: object): string };
    Bun?: { inspect(value: unknown, options?: object): string };
  };
  const { Deno, Bun } = runtime;
  return [
    Deno?.inspect(value),
    Deno?.inspect(value, { showHidden: true, getters: true, depth: 9 }),
    Bun?.inspect(value),
    Bun?.inspect({ nested: { value } }, { depth: 9 }),
    inspect(value),
    inspect({ nested: { value } }, { depth: 9, showHidden: true }),
    inspect(value, { depth: 9, customInspect: false }),
  ].join("\n");
}

describe("no secret shows", () => {
  for (const options of resolved) {
    it(`in ${options}`, () => {
      const shown = [
        printed(options),
        JSON.stringify(options),
        JSON.stringify(structuredClone(options)),
        JSON.stringify({ ...options }),
        String(options),
        `${Object.keys(options)}${Object.values(options)}`,
        JSON.stringify(Object.getOwnPropertyDescriptors(options)),
      ].join("\n");
      assert.ok(!shown.includes(SECRET), shown);
      assert.ok(shown.includes("[redacted]"));
    });
  }

  it("in an endpoint, though a transport can read it", () => {
    const { endpoint } = resolved[0] as ReturnType<typeof resolveOptions>;
    assert.ok("tls" in endpoint);
    assert.equal(endpoint.tls?.passphrase, SECRET);
    assert.equal(endpoint.tls?.key, tls.key);
    for (
      const shown of [inspect(endpoint), JSON.stringify(endpoint), JSON.stringify(structuredClone(endpoint))]
    ) {
      assert.ok(!shown.includes(SECRET));
      assert.ok(shown.includes("/ca.pem"));
    }
  });

  it("in the errors for secrets of the wrong kind", () => {
    const bad: Record<string, unknown>[] = [
      { password: 123_456_789 },
      { password: SECRET, credentials: () => ({ password: SECRET }) },
      { credentials: SECRET },
      { tls: { key: 123_456_789 } },
      { tls: { key: SECRET } },
      { tls: { passphrase: 123_456_789 } },
      { tls: { passphrase: SECRET } },
      { pasword: SECRET },
      { tls: { passphrse: SECRET } },
    ];
    for (const options of bad) {
      assert.throws(() => resolveOptions(options), (error: Error) => {
        assert.doesNotMatch(inspect(error), /hunter2|123456789/);
        return true;
      });
    }
  });

  it("but the handshake gets it", async () => {
    const who = async (options: ReturnType<typeof resolveOptions>) => {
      const { credentials } = options;
      assert.ok(typeof credentials === "function");
      return await credentials();
    };
    assert.deepEqual(await who(resolveOptions("redis://bob:p%20w@h")), { username: "bob", password: "p w" });
    assert.deepEqual(await who(resolveOptions("redis://bob@h")), { username: "bob", password: "" });
    assert.deepEqual(await who(resolveOptions({ password: "x" })), { username: undefined, password: "x" });
  });
});
