/** Clients in Workers: in global scope, in a Durable Object, in one request. In the real workerd against a real server. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { TestCluster } from "../../testing.ts";
import { type Server, startServer } from "../harness/server.ts";
import { findWorkerd, startWorker, type Worker } from "../harness/workerd.ts";

const program = findWorkerd();
const skip = "Deno" in globalThis || "Bun" in globalThis
  ? "runs in workerd, whatever starts it"
  : program === undefined && "there is no workerd; ./scripts/test downloads it";

let server: Server;
let ports: { readonly PORT: number; readonly CLUSTER_PORT: number };
let cluster: TestCluster;
let worker: Worker;
before(async () => {
  if (skip) return;
  server = await startServer();
  cluster = new TestCluster({ masters: 3, replicas: 0 });
  const { urls } = await cluster.listen();
  ports = { PORT: server.port, CLUSTER_PORT: Number(new URL(urls[0]!).port) };
  worker = await startWorker(program!, {
    source: fileURLToPath(new URL("fixtures/clients.ts", import.meta.url)),
    constants: ports,
  });
});
after(async () => {
  await worker?.[Symbol.asyncDispose]();
  await cluster?.close();
  await server?.stop();
});

const ask = async (path: string, init?: RequestInit): Promise<unknown> =>
  JSON.parse(await worker.fetch(path, init));

/** Waits until the server has as many clients with this name that wait in a command. */
async function blocked(count: number): Promise<void> {
  for (;;) {
    const list = String(await server.cli("CLIENT", "LIST"));
    if (list.split("\n").filter((line) => line.includes("cmd=blpop")).length === count) return;
  }
}

describe("a client in global scope", () => {
  it("is made without I/O, and refuses commands there by name", { skip }, async () => {
    const { code, executed, message } = JSON.parse(await ask("/early") as string);
    assert.deepEqual([code, executed], ["NO_SCOPE", "no"]);
    assert.match(message, /global scope of a Worker/);
  });

  it("serves 100 requests, each over one connection of its own", { skip }, async () => {
    const ids = new Set<unknown>();
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => ask(`/count?key=count:${round}:${index}`)),
      );
      for (const answer of answers as number[][]) {
        assert.deepEqual(answer.slice(0, 4), [1, 2, 3, 4]);
        ids.add(answer[4]);
      }
    }
    assert.equal(ids.size, 100);
    assert.equal(await ask("/readies"), 100);
  });

  it("a request that waits keeps its connection while others run", { skip }, async () => {
    const waiting = [ask("/wait?key=w"), ask("/wait?key=w")];
    await blocked(2);
    assert.deepEqual((await ask("/count?key=meanwhile") as number[]).slice(0, 4), [1, 2, 3, 4]);
    await server.cli("RPUSH", "w", "x", "x");
    assert.deepEqual(await Promise.all(waiting), [[true, ["w", "x"]], [true, ["w", "x"]]]);
  });

  it("a request that is aborted by its caller leaves the others alone", { skip }, async () => {
    const abort = new AbortController();
    const lost = worker.fetch("/wait?key=lost", { signal: abort.signal });
    await blocked(1);
    const waiting = ask("/wait?key=w");
    await blocked(2);
    abort.abort();
    await assert.rejects(lost);
    assert.deepEqual((await ask("/count?key=aborted") as number[]).slice(0, 4), [1, 2, 3, 4]);
    await server.cli("RPUSH", "w", "x");
    assert.deepEqual(await waiting, [true, ["w", "x"]]);
    await server.cli("RPUSH", "lost", "x");
    await blocked(0);
  });

  it("a request that ends before its replies takes its connections with it", { skip }, async () => {
    assert.equal(await ask("/leave?key=left"), "left");
    await blocked(0);
    assert.deepEqual((await ask("/count?key=next") as number[]).slice(0, 4), [1, 2, 3, 4]);
    assert.match(await ask("/get?key=left") as string, /^[12]$/);
  });

  it("ctx.waitUntil lets commands go on behind the response", { skip }, async () => {
    assert.equal(await ask("/later?key=later"), "answered");
    assert.deepEqual(await server.cli("BLPOP", "later", 0), ["later", "later"]);
    assert.deepEqual(await server.cli("BLPOP", "later", 0), ["later", "last"]);
  });

  it("its views, pipelines, transactions and subscriptions belong to requests, too", { skip }, async () => {
    for (let turn = 0; turn < 2; turn++) {
      assert.deepEqual(await ask("/views"), ["text", "text", 4]);
      assert.deepEqual(await ask("/transaction"), ["OK", 2]);
      assert.deepEqual(await ask("/subscribe"), ["hello"]);
    }
  });

  it("is closed for one request only", { skip }, async () => {
    assert.equal(await ask("/closes"), "closed");
    assert.deepEqual((await ask("/count?key=open") as number[]).slice(0, 4), [1, 2, 3, 4]);
  });
});

describe("a pool in global scope", () => {
  it("has connections for each request, which its clients share", { skip }, async () => {
    const [first, second] = [await ask("/pool"), await ask("/pool")] as [number[], number[]];
    assert.equal(new Set(first).size, 1);
    assert.equal(new Set(second).size, 1);
    assert.notEqual(first[0], second[0]);
  });
});

describe("a client of one request", () => {
  it("works, and stays closed when it is closed", { skip }, async () => {
    assert.deepEqual(await ask("/request"), [1, "CLOSED"]);
    assert.deepEqual(await ask("/request"), [2, "CLOSED"]);
  });
});

describe("a Durable Object", () => {
  it("keeps its connection and that of a global client over requests", { skip }, async () => {
    const first = await ask("/room");
    assert.deepEqual(await ask("/room"), first);
    assert.deepEqual(await ask("/room"), first);
  });
});

describe("a cluster", () => {
  const expected = [true, true, 20];
  const masters = 3;

  it("is asked for its slots in each request, whose connections it has", { skip }, async () => {
    const ids = new Set<string>();
    for (let turn = 0; turn < 3; turn++) {
      const [answer, other] = await Promise.all(
        ["one", "other"].map((name) => ask(`/cluster?key=${name}:${turn}`) as Promise<unknown[]>),
      );
      for (const [values, piped, deleted, nodes] of [answer!, other!]) {
        assert.deepEqual([values, piped, deleted, (nodes as unknown[]).length], [...expected, masters]);
        ids.add(JSON.stringify(nodes));
      }
    }
    assert.equal(ids.size, 6);
  });

  it("keeps its topology and connections in a Durable Object", { skip }, async () => {
    const first = await ask("/room?path=cluster") as unknown[];
    assert.deepEqual(first.slice(0, 3), expected);
    assert.deepEqual(await ask("/room?path=cluster"), first);
  });

  it("follows a slot that has moved between requests", { skip }, async () => {
    const key = "object:1";
    cluster.moveSlots(key, cluster.masters.find((node) => node !== cluster.masterOf(key))!);
    assert.deepEqual((await ask("/room?path=cluster") as unknown[]).slice(0, 3), expected);
  });
});

describe("a Worker with an old compatibility date", () => {
  it("has neither weak references nor Node's modules, and works", { skip }, async () => {
    await using old = await startWorker(program!, {
      source: fileURLToPath(new URL("fixtures/clients.ts", import.meta.url)),
      constants: ports,
      compatibilityDate: "2024-01-01",
    });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) => old.fetch(`/count?key=old:${index}`)),
    );
    for (const answer of answers) assert.deepEqual(JSON.parse(answer).slice(0, 4), [1, 2, 3, 4]);
  });
});
