import assert from "node:assert/strict";
import { it } from "node:test";
import type { ReconnectingListener } from "../../src/client/connections/reconnecting_connection.ts";
import { FollowingConnection } from "../../src/multi/following_connection.ts";

it("a subscription that ends when its database is left opens no connection to the next one", () => {
  let opened = 0;
  let moved: (() => void) | undefined;
  const following = new FollowingConnection(() => {
    opened++;
    return {
      connection: undefined,
      listen: (inner) => inner.ready(undefined as never),
      unlisten() {},
      ensureConnected() {},
    };
  }, (listener) => {
    moved = listener;
    return () => moved = undefined;
  });
  const listener: ReconnectingListener = {
    ready() {},
    push() {},
    lost() {
      following.unlisten(listener);
      following.releaseIfUnused();
    },
  };
  const patient: ReconnectingListener = { ready() {}, push() {}, lost() {} };
  following.listen(patient);
  following.ensureConnected();
  moved!();
  assert.equal(opened, 2, "a subscription that stays follows");
  following.unlisten(patient);
  following.listen(listener);
  moved!();
  assert.equal(opened, 2);
  assert.equal(moved, undefined);
});
