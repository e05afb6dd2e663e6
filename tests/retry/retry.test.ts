import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AuthenticationError,
  ConnectionError,
  type Executed,
  MaxConnectionsError,
  ProtocolError,
  ReplyError,
  TimeoutError,
} from "../../src/errors.ts";
import { resolveOptions, resolveRetry } from "../../src/options.ts";
import { DEFAULT_RETRY, retryDelay, type RetryPolicy, shouldRetry } from "../../src/retry.ts";

const lost = (executed: Executed) => new ConnectionError("lost", { code: "LOST", executed });
const silent = new TimeoutError("silent", { code: "SOCKET_TIMEOUT", executed: "unknown" });
const first = { attempt: 1, readonly: false };
const reading = { attempt: 1, readonly: true };

describe("the rule of certainty", () => {
  const everything: RetryPolicy = { ...DEFAULT_RETRY, on: ["RedisError", Error] };

  it("repeats what was never sent, whatever it is", () => {
    assert.ok(shouldRetry(DEFAULT_RETRY, lost("no"), first));
    assert.ok(
      shouldRetry(DEFAULT_RETRY, new TimeoutError("", { code: "CONNECT_TIMEOUT", executed: "no" }), first),
    );
  });

  it("repeats what may have run only if it is read-only, or where the policy says unsafe", () => {
    for (const executed of ["unknown", "yes"] as const) {
      assert.ok(!shouldRetry(everything, lost(executed), first));
      assert.ok(shouldRetry(everything, lost(executed), reading));
      assert.ok(shouldRetry({ ...everything, unsafe: true }, lost(executed), first));
    }
  });

  it("takes an error that says nothing for may have run", () => {
    assert.ok(!shouldRetry(everything, new Error("own"), first));
    assert.ok(shouldRetry(everything, new Error("own"), reading));
    assert.ok(shouldRetry(everything, new Error("own"), { ...first, executed: "no" }));
  });

  it("never repeats after refused credentials or certificates, a limit that was reached, or the end of the whole time", () => {
    const errors = [
      new AuthenticationError("", { executed: "no" }),
      new MaxConnectionsError("", { code: "POOL_TIMEOUT", executed: "no" }),
      new TimeoutError("", { code: "COMMAND_TIMEOUT", executed: "no" }),
      new ConnectionError("", { code: "QUEUE_FULL", executed: "no" }),
      new ConnectionError("", { code: "TLS", executed: "no" }),
    ];
    for (const error of errors) {
      assert.ok(!shouldRetry({ ...everything, unsafe: true }, error, reading));
    }
  });

  it("repeats on another connection what found one closed", () => {
    assert.ok(shouldRetry(DEFAULT_RETRY, new ConnectionError("", { code: "CLOSED", executed: "no" }), first));
  });

  it("does not repeat after what the policy does not name", () => {
    assert.ok(!shouldRetry(DEFAULT_RETRY, silent, reading));
    assert.ok(!shouldRetry(DEFAULT_RETRY, new ProtocolError("", { executed: "no" }), reading));
    assert.ok(!shouldRetry(DEFAULT_RETRY, new ReplyError("WRONGTYPE x"), reading));
    assert.ok(!shouldRetry(DEFAULT_RETRY, new TypeError("x"), reading));
    assert.ok(!shouldRetry(DEFAULT_RETRY, undefined, reading));
  });
});

describe("retry", () => {
  for (const reply of ["LOADING", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "BUSY"]) {
    it(`repeats after ${reply} with backoff, as it was not run`, () => {
      const error = new ReplyError(`${reply} not now`);
      assert.equal(retryDelay(DEFAULT_RETRY, error, first, { random: () => 0.5 }), 25);
      assert.equal(retryDelay(DEFAULT_RETRY, error, { ...first, attempt: 3 }, { random: () => 0.5 }), 100);
      assert.equal(
        retryDelay(DEFAULT_RETRY, error, { ...first, attempt: 4 }, { random: () => 0.5 }),
        undefined,
      );
    });
  }

  it("counts the repeats after the first try; 0 and false are none", () => {
    const count = (policy: RetryPolicy) => {
      let attempt = 1;
      while (shouldRetry(policy, lost("no"), { attempt, readonly: false })) attempt++;
      return attempt - 1;
    };
    assert.equal(count(resolveOptions().retry), 3);
    assert.equal(count(resolveOptions({ retry: { attempts: 7 } }).retry), 7);
    assert.equal(count(resolveOptions({ retry: { attempts: 0 } }).retry), 0);
    assert.equal(count(resolveOptions({ retry: false }).retry), 0);
  });

  it("tells classes, names and codes alike, own classes too", () => {
    class Own extends ConnectionError {}
    const own = new Own("", { code: "OWN", executed: "no" });
    for (const kind of [Own, ConnectionError, "ConnectionError", "OWN", "RedisError", Error]) {
      assert.ok(shouldRetry({ ...DEFAULT_RETRY, on: [kind] }, own, first));
    }
    for (const kind of [TimeoutError, "TimeoutError", "LOST", RangeError]) {
      assert.ok(!shouldRetry({ ...DEFAULT_RETRY, on: [kind] }, own, first));
    }
  });
});

describe("retryOnTimeout and retryOnError", () => {
  const either = (url: string, object: Parameters<typeof resolveOptions>[1]) => [
    resolveOptions(url).retry,
    resolveOptions(object).retry,
  ];

  it("without a policy are exactly one immediate repeat, the same from a URL and from an object", () => {
    for (const policy of either("redis://h?retryOnTimeout=on", { retryOnTimeout: true })) {
      assert.equal(retryDelay(policy, silent, reading, { random: () => 0.9 }), 0);
      assert.ok(!shouldRetry(policy, silent, { ...reading, attempt: 2 }));
      assert.ok(!shouldRetry(policy, silent, first));
      assert.ok(!shouldRetry(policy, lost("no"), first));
    }
    const kinds = either("redis://h?retryOnError=ConnectionError,BUSY", {
      retryOnError: [ConnectionError, "BUSY"],
    });
    for (const policy of kinds) {
      assert.equal(retryDelay(policy, lost("no"), first, { random: () => 0.9 }), 0);
      assert.equal(retryDelay(policy, new ReplyError("BUSY x"), first, { random: () => 0.9 }), 0);
      assert.ok(!shouldRetry(policy, lost("no"), { ...first, attempt: 2 }));
      assert.ok(!shouldRetry(policy, lost("unknown"), first));
    }
  });

  it("with a policy name further errors for it", () => {
    const policies = either("redis://h?retry.attempts=2&retry.backoff=constant:9&retryOnTimeout=1", {
      retry: { attempts: 2, backoff: "constant:9" },
      retryOnTimeout: true,
    });
    for (const policy of policies) {
      assert.equal(retryDelay(policy, silent, { ...reading, attempt: 2 }, { random: () => 0.9 }), 9);
      assert.ok(shouldRetry(policy, lost("no"), first));
    }
    const { on } = resolveOptions({ retry: { on: ["BUSY"] }, retryOnError: ["BUSY", "LOST"] }).retry;
    assert.deepEqual(on, ["BUSY", "LOST"]);
  });

  it("off or empty leave the default as it is", () => {
    assert.equal(resolveOptions({ retryOnTimeout: false, retryOnError: [] }).retry, DEFAULT_RETRY);
  });
});

describe("resolveRetry", () => {
  it("makes a policy of the option alone, checked as everywhere", () => {
    assert.equal(resolveRetry(false).attempts, 0);
    const policy = resolveRetry({ attempts: 1, backoff: "none", unsafe: true });
    assert.equal(policy.attempts, 1);
    assert.equal(policy.unsafe, true);
    assert.deepEqual(policy.on, DEFAULT_RETRY.on);
    assert.throws(() => resolveRetry({ attempts: -1 }), /`retry\.attempts`/);
    assert.throws(() => resolveRetry({ tries: 1 } as never), /`retry\.tries`/);
  });
});
