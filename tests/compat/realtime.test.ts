import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { type Any, skip, useLibraries } from "./libraries.ts";

describe("ioredis: libraries that carry messages", () => {
  const { connect, load } = useLibraries("ioredis-realtime", {
    "@socket.io/redis-adapter": "8.3.0",
    "@socket.io/redis-streams-adapter": "0.3.1",
    "graphql": "16.15.0",
    "graphql-redis-subscriptions": "2.7.0",
    "graphql-subscriptions": "3.0.0",
    "socket.io": "4.8.4",
    "socket.io-client": "4.8.4",
  });

  /** Sends a message at one server to the sockets of two, and returns what the sockets get. */
  async function broadcast(
    adapter: () => Any,
    started: (servers: Any[]) => Promise<unknown>,
  ): Promise<unknown> {
    const { Server } = await load("socket.io");
    const { io } = await load("socket.io-client");
    const servers: Any[] = [];
    const sockets: Any[] = [];
    for (let index = 0; index < 2; index++) {
      const http = createServer();
      servers.push(new Server(http, { adapter: adapter() }));
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", () => resolve()));
      const { port } = http.address() as AddressInfo;
      const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"] });
      sockets.push(socket);
      await new Promise<void>((resolve) => socket.on("connect", resolve));
    }
    await started(servers);
    const got = sockets.map((socket) =>
      new Promise((resolve) => socket.on("news", (...args: unknown[]) => resolve(args)))
    );
    servers[0].emit("news", "text", { n: 1 });
    const messages = await Promise.all(got);
    for (const socket of sockets) socket.close();
    for (const server of servers) await server.close();
    return messages;
  }

  /** Waits until each server sees the sockets of both. */
  async function allSeen(servers: Any[]): Promise<void> {
    for (const server of servers) while ((await server.fetchSockets()).length < 2);
  }

  const EXPECTED = [["text", { n: 1 }], ["text", { n: 1 }]];

  it("Socket.IO's adapter", { skip }, async () => {
    const { createAdapter } = await load("@socket.io/redis-adapter");
    const adapter = (): Any => {
      const publisher = connect();
      return createAdapter(publisher, connect());
    };
    assert.deepEqual(await broadcast(adapter, allSeen), EXPECTED);
  });

  it("Socket.IO's sharded adapter", { skip }, async () => {
    const { createShardedAdapter } = await load("@socket.io/redis-adapter");
    assert.deepEqual(await broadcast(() => createShardedAdapter(connect(), connect()), allSeen), EXPECTED);
  });

  it("Socket.IO's streams adapter", { skip }, async () => {
    const { createAdapter } = await load("@socket.io/redis-streams-adapter");
    assert.deepEqual(await broadcast(() => createAdapter(connect()), allSeen), EXPECTED);
  });

  it("graphql-redis-subscriptions", { skip }, async () => {
    const { RedisPubSub } = await load("graphql-redis-subscriptions");
    const pubsub = new RedisPubSub({ publisher: connect(), subscriber: connect() });
    const seen = Promise.withResolvers<unknown>();
    await pubsub.subscribe("news", seen.resolve);
    await pubsub.publish("news", { n: 1 });
    assert.deepEqual(await seen.promise, { n: 1 });
    const matched = Promise.withResolvers<unknown>();
    const id = await pubsub.subscribe("news.*", matched.resolve, { pattern: true });
    await pubsub.publish("news.today", { n: 2 });
    assert.deepEqual(await matched.promise, { n: 2 });
    pubsub.unsubscribe(id);
    await pubsub.close();
  });
});
