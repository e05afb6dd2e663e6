import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ClusterError, RedisError, ReplyError } from "../../mod.ts";
import { command, get } from "../../src/commands/mod.ts";
import { nextStep, redirectionOf, type RedirectState } from "../../src/cluster/redirection/redirection.ts";

const SLOT = 12_182; // of "foo"
const clock = { random: () => 1 };
const fresh: RedirectState = {
  name: "GET",
  redirects: 0,
  maxRedirections: 16,
  mayRetry: true,
  mayReadFromMaster: false,
  timeLeft: Infinity,
};

/** The next step in words: what is done, after how long, and what else. */
function step(reply: string, state: Partial<RedirectState> = {}): string {
  const error = new ReplyError(reply, { executed: "no" });
  const redirection = redirectionOf(error, get("foo"));
  if (redirection === undefined) return "no redirection";
  const next = nextStep(redirection, error, { ...fresh, ...state }, clock);
  if (next.kind === "fail") {
    return next.error === error ? "fails with the reply" : `fails with ${next.error.code}`;
  }
  if (next.kind === "retry") {
    return `retry in ${next.delay}${next.refresh ? ", refresh" : ""}${
      next.toMaster ? ", at the master" : ""
    }`;
  }
  return `${next.kind} to ${next.address.host}|${next.address.port} in ${next.delay}`;
}

describe("the redirection policy", () => {
  const table: readonly (readonly [string, Partial<RedirectState>, string])[] = [
    [`MOVED ${SLOT} far:7001`, {}, "moved to far|7001 in 0"],
    [`MOVED ${SLOT} ::1:7001`, {}, "moved to ::1|7001 in 0"],
    [`MOVED ${SLOT} :7001`, {}, "moved to |7001 in 0"],
    [`MOVED ${SLOT} ?:7001`, {}, "moved to |7001 in 0"],
    [`ASK ${SLOT} ?:7001`, {}, "ask to |7001 in 0"],
    [`MOVED ${SLOT} far:7001`, { redirects: 2 }, "moved to far|7001 in 0"],
    [`MOVED ${SLOT} far:7001`, { redirects: 3 }, "moved to far|7001 in 25"],
    [`MOVED ${SLOT} far:7001`, { redirects: 16 }, "fails with REDIRECTIONS"],
    [`MOVED ${SLOT} far:7001`, { redirects: 3, timeLeft: 25 }, "fails with the reply"],
    [`MOVED ${SLOT} far:7001`, { mayRetry: false }, "moved to far|7001 in 0"],
    [`ASK ${SLOT} far:7001`, { redirects: 9 }, "ask to far|7001 in 500"],
    [`MOVED ${SLOT} nowhere`, {}, "no redirection"],
    ["MOVED 5 far:7001", {}, "no redirection"],
    ["MOVED 99999 far:7001", {}, "no redirection"],
    ["TRYAGAIN", {}, "retry in 25"],
    ["TRYAGAIN", { redirects: 3 }, "retry in 200"],
    ["TRYAGAIN", { redirects: 16 }, "fails with the reply"],
    ["TRYAGAIN", { mayRetry: false }, "fails with the reply"],
    ["TRYAGAIN", { timeLeft: 25 }, "fails with the reply"],
    ["CLUSTERDOWN", {}, "retry in 25, refresh"],
    ["LOADING", {}, "retry in 25, at the master"],
    ["LOADING", { mayReadFromMaster: true }, "retry in 0, at the master"],
    ["MASTERDOWN", { mayReadFromMaster: true }, "retry in 0, refresh, at the master"],
    ["READONLY", {}, "retry in 25, refresh"],
    ["UNBLOCKED the instance state changed (master -> replica?)", {}, "retry in 25, refresh"],
    ["UNBLOCKED client unblocked via CLIENT UNBLOCK", {}, "no redirection"],
    ["WRONGTYPE", {}, "no redirection"],
    ["ERR MOVED", {}, "no redirection"],
  ];
  for (const [reply, state, expected] of table) {
    it(`${reply} ${JSON.stringify(state)}: ${expected}`, () => assert.equal(step(reply, state), expected));
  }

  it("what does not fit the keys of a command comes from a script, and is not followed", () => {
    const moved = new ReplyError(`MOVED ${SLOT} far:7001`);
    assert.equal(redirectionOf(moved, command("EVAL", "return 1", 1, "foo"))?.kind, "moved");
    assert.equal(redirectionOf(moved, command("EVAL", "return 1", 1, "bar")), undefined);
    assert.equal(redirectionOf(moved, command("EVAL", "return 1", 0)), undefined);
    assert.equal(redirectionOf(new ReplyError("TRYAGAIN"), command("EVAL", "return 1", 0)), undefined);
    // A command of a module may have keys that the client does not see.
    assert.equal(redirectionOf(moved, command("MODULE.GET", "foo"))?.kind, "moved");
  });

  it("errors of the client are none, but for a slot without a node", () => {
    assert.equal(redirectionOf(new RedisError("MOVED", { code: "MOVED" })), undefined);
    assert.equal(redirectionOf(new Error("MOVED 1 far:7001")), undefined);
    assert.equal(
      redirectionOf(new ClusterError("no node", { code: "CLUSTERDOWN", executed: "no" }))?.kind,
      "retry",
    );
  });
});
