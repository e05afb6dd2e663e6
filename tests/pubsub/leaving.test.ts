import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Redis } from "../../mod.ts";
import { callOf } from "../../src/client/client.ts";
import type { Executor } from "../../src/client/executor.ts";
import { PubSub } from "../../src/client/pubsub/pubsub.ts";
import { standaloneSubscriptions } from "../../src/client/pubsub/standalone_subscriptions.ts";
import type {
  ReconnectingConnection,
  ReconnectingListener,
} from "../../src/client/connections/reconnecting_connection.ts";
import { joinSharedConnection } from "../../src/client/standalone_executor.ts";
import { SimulatedClock } from "../harness/clock.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";

/** A connection that goes to another server, as that of a cluster's subscriptions does, where the first one stays. */
class Moving implements ReconnectingConnection {
  #listener: ReconnectingListener | undefined = undefined;
  #at: ReconnectingConnection;

  constructor(at: ReconnectingConnection) {
    this.#at = at;
  }

  get connection(): ReconnectingConnection["connection"] {
    return this.#at.connection;
  }

  listen(listener: ReconnectingListener): void {
    this.#listener = listener;
    this.#at.listen(listener);
  }

  unlisten(listener: ReconnectingListener): void {
    this.#at.unlisten(listener);
  }

  ensureConnected(): void {
    this.#at.ensureConnected();
  }

  go(to: ReconnectingConnection): void {
    const listener = this.#listener!;
    this.#at.unlisten(listener);
    this.#at.releaseIfUnused?.();
    listener.lost(undefined);
    this.#at = to;
    to.listen(listener);
    if (to.connection === undefined) to.ensureConnected();
    else listener.ready(to.connection);
  }
}

describe("subscriptions that leave a connection that stays", () => {
  for (const protocol of [2, 3] as const) {
    it(`are ended there, and those of others are not (RESP${protocol})`, async () => {
      const clock = new SimulatedClock();
      const [from, to] = [1, 2].map(() => {
        const peer = new ScriptedPeer({ clock });
        const redis = new Redis({
          transport: peer.transport(),
          clock,
          protocol,
          libName: false,
          healthCheckInterval: 0,
        });
        return {
          peer,
          redis,
          home: standaloneSubscriptions(redis.pool, joinSharedConnection(redis.pool), true),
        };
      }) as [Side, Side];
      const moving = new Moving(from.home.connectionFor("channel", ""));
      const user = PubSub.of({
        subscriptionRouter: {
          options: from.home.options,
          events: from.home.events,
          connectionFor: () => moving,
          dedicatedConnectionFor: () => moving,
        },
        closed: false,
      } as unknown as Executor);
      const other = PubSub.of({ subscriptionRouter: from.home, closed: false } as unknown as Executor);
      const call = { ...callOf(from.redis.options), timeout: 0 };
      const heard: string[] = [];
      const hear = (who: string) => (text: string) => void heard.push(`${who} ${text}`);
      const begun = [
        user.subscribe("channel", ["mine", "both"], hear("user") as never, call),
        user.subscribe("pattern", "m*", hear("pattern") as never, call),
        other.subscribe("channel", ["both", "other"], hear("other") as never, call),
      ];
      await clock.advance(10);
      await Promise.all(begun);
      moving.go(to.home.connectionFor("channel", ""));
      await clock.advance(10);
      const subscribed = ({ peer }: Side) =>
        peer.open.flatMap(({ session }) => [...session.subscriptions]).toSorted();
      assert.deepEqual(subscribed(from), [":both", ":other"]);
      assert.deepEqual(subscribed(to), [":both", ":mine", "p:m*"]);
      for (const { peer } of [from, to]) {
        for (const channel of ["mine", "both", "other"]) {
          peer.server.publish(channel, peer === from.peer ? "1" : "2");
        }
      }
      await clock.advance(10);
      assert.deepEqual(heard.toSorted(), ["other 1", "other 1", "pattern 2", "user 2", "user 2"]);
      const closed = Promise.all([from.redis.close(), to.redis.close()]);
      await clock.advance(20_000);
      await closed;
    });
  }
});

interface Side {
  readonly peer: ScriptedPeer;
  readonly redis: Redis;
  readonly home: ReturnType<typeof standaloneSubscriptions>;
}
