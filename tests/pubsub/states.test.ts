/** A subscription is established again in whatever way its connection changes. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Connection, type ConnectionEvents } from "../../mod.ts";
import type { ReconnectingListener } from "../../src/client/connections/reconnecting_connection.ts";
import type { Sink } from "../../src/client/pubsub/channel_subscription.ts";
import { SubscriptionRegistry } from "../../src/client/pubsub/subscription_registry.ts";
import { TypedEventTarget } from "../../src/events.ts";
import { Dice } from "../harness/dice.ts";
import { ScriptedPeer } from "../harness/scripted_peer.ts";
import { waitFor } from "../harness/wait.ts";

const text = new TextEncoder();
const bytes = new TextDecoder();

/** A registry over connections that the test exchanges. */
async function start() {
  const peer = new ScriptedPeer();
  const options = { host: "node", port: 7000, transport: peer.transport(), healthCheckInterval: 0 };
  const open = async (): Promise<Connection> => {
    const connection = new Connection(options);
    await connection.connect();
    return connection;
  };
  let listeners: ReconnectingListener[] = [];
  const reconnecting = {
    connection: undefined as Connection | undefined,
    listen: (listener: ReconnectingListener) => void listeners.push(listener),
    unlisten: (one: ReconnectingListener) => void (listeners = listeners.filter((other) => other !== one)),
    ensureConnected: () => {},
  };
  const first = await open();
  const registry = SubscriptionRegistry.of({
    options: first.options,
    events: new TypedEventTarget<ConnectionEvents>(),
    connectionFor: () => reconnecting,
    dedicatedConnectionFor: () => reconnecting,
  });
  /** Uses a connection; its frames go to the listeners. */
  const use = (connection: Connection): void => {
    reconnecting.connection = connection;
    connection.listen({
      push: (values) => {
        if (reconnecting.connection === connection) { for (const one of listeners) one.push(values); }
      },
    });
  };
  const tell = (say: (listener: ReconnectingListener) => void): void => listeners.forEach(say);
  return { peer, open, first, registry, reconnecting, use, tell };
}

describe("a subscription whose connection changes", () => {
  it("is established again, with or without a word about the loss", async () => {
    const { peer, open, first, registry, reconnecting, use, tell } = await start();
    const got: string[] = [];
    const sink: Sink = {
      message: (_, message) => void got.push(typeof message === "string" ? message : bytes.decode(message)),
      interrupted: () => {},
      confirmed: () => {},
      refused: (_, error) => void got.push(error.message),
      closed: () => {},
    };
    registry.add("channel", "news", sink);
    const dice = new Dice(7);
    const connections: Connection[] = [first];
    for (let turn = 0; turn < 30; turn++) {
      const announced = dice.oneIn(2);
      if (announced) {
        reconnecting.connection = undefined;
        tell((listener) => listener.lost(undefined));
      }
      const connection = turn === 0 ? first : await open();
      connections.push(connection);
      use(connection);
      // Without a word the next change finds the connection.
      if (!announced || dice.oneIn(2)) tell((listener) => listener.ready(connection));
      else registry.add("channel", `other ${turn}`, sink);
      const before = got.length;
      await waitFor("a message over the present connection", async () => {
        await connection.send(["PING"]);
        peer.server.publish("news", text.encode(`${turn}`));
        await connection.send(["PING"]);
        return got.length > before ? undefined : `nothing in turn ${turn}`;
      });
      assert.equal(got.at(-1), `${turn}`);
    }
    await Promise.all(connections.map((connection) => connection.close()));
  });
});
