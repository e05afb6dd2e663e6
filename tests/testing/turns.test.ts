/** Pipelines of several connections: what a client sends at once is done before those that it unblocks continue. @module */
import assert from "node:assert/strict";
import { it } from "node:test";
import { TestServer } from "../../testing.ts";
import { startServer } from "../harness/server.ts";
import { showFrame, textClient } from "./text_client.ts";

/** Does the same on a server of any kind. Returns what was received. */
async function observe(port: number): Promise<string[][]> {
  const [first, second, writer] = await Promise.all(Array.from({ length: 3 }, () => textClient(port)));
  const clients = [first!, second!, writer!] as const;
  const seen: string[][] = [];
  /** Takes so many frames of each client. */
  const take = async (...counts: number[]): Promise<void> => {
    for (const [index, count] of counts.entries()) {
      seen.push((await clients[index]!.take(count)).map((frame) => showFrame(frame)));
    }
  };
  const blocked = async (count: number): Promise<void> => {
    while (!showFrame(await writer!.ask("INFO", "clients")).includes(`blocked_clients:${count}`));
  };
  try {
    first!.send(["BLPOP", "k", "0"], ["GET", "x"], ["BLPOP", "l", "0"], ["GET", "x"]);
    await blocked(1);
    second!.send(["BLPOP", "l", "0"], ["GET", "x"], ["SET", "x", "second"]);
    await blocked(2);
    writer!.send(
      ["RPUSH", "k", "1"],
      ["CLIENT", "LIST", "TYPE", "pubsub"],
      ["RPUSH", "l", "1", "2"],
      ["SET", "x", "writer"],
      ["GET", "x"],
    );
    await take(4, 3, 5);

    // Broadcasts come once, after all that was sent at once.
    await first!.ask("HELLO", "3");
    await first!.ask("CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "b", "NOLOOP");
    writer!.send(["SET", "b2", "1"], ["SET", "b1", "1"], ["DEL", "b2"], ["SET", "c", "1"]);
    await take(1, 0, 4);
    first!.send(["SET", "b1", "2"], ["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX", "b"], ["PING"]);
    await take(3);

    // A transaction that will fail takes no more commands.
    second!.send(["WATCH", "w"], ["MULTI"], ["GET", "w"]);
    await take(0, 3);
    await writer!.ask("SET", "w", "1");
    second!.send(["GET", "w"], ["GET", "w"]);
    await take(0, 2);
    seen.push(/multi=1 /.exec(showFrame(await writer!.ask("CLIENT", "LIST"))) === null ? [] : ["multi=1"]);
    second!.send(["EXEC"], ["CLIENT", "REPLY", "SKIP"], ["RESET"], ["PING"]);
    await take(0, 2);

    // The result of SORT replaces another value: clients that wait are not served.
    second!.send(["BLPOP", "s", "0"]);
    await blocked(1);
    writer!.send(["SET", "s", "text"], ["RPUSH", "numbers", "2", "1"], ["SORT", "numbers", "STORE", "s"]);
    writer!.send(["LLEN", "s"]);
    await take(0, 0, 4);
  } finally {
    for (const one of clients) one.close();
  }
  return seen;
}

it("what a client has sent at once is done before others continue, as on a real server", async () => {
  await using mine = new TestServer();
  const seen = await observe(Number(new URL((await mine.listen()).url).port));
  assert.deepEqual(seen, [
    ['*["k", "1"]', '"writer"', '*["l", "2"]', '"writer"'],
    ['*["l", "1"]', '"writer"', "+OK"],
    [":1", '""', ":2", "+OK", '"writer"'],
    ['>["invalidate", *["b1", "b2"]]'],
    [],
    ["+OK", "+OK", ":1", "+OK"],
    [
      "+OK",
      "-ERR Prefix 'b' overlaps with an existing prefix 'b'. Prefixes for a single client must not overlap.",
      "+PONG",
    ],
    [],
    ["+OK", "+OK", "+QUEUED"],
    [],
    ["+QUEUED", "+QUEUED"],
    ["multi=1"],
    [],
    ["*-1", "+PONG"],
    [],
    [],
    ["+OK", ":2", ":2", ":2"],
  ]);
  await using real = await startServer();
  if (real.version.startsWith("7.0.")) assert.deepEqual(await observe(real.port), seen);
});
