/** The transport for Workers, in the real workerd against real servers. What runs in workerd is the same on all runtimes. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type Server, startServer } from "../harness/server.ts";
import { findWorkerd, startWorker, type Worker } from "../harness/workerd.ts";

const program = findWorkerd();
const skip = "Deno" in globalThis || "Bun" in globalThis
  ? "runs in workerd, whatever starts it"
  : program === undefined && "there is no workerd; ./scripts/test downloads it";

const servers: Server[] = [];
let worker: Worker;
before(async () => {
  if (skip) return;
  servers.push(await startServer({ tls: true }), await startServer({ tls: { leaf: "wrongName" } }));
  const [good, wrong] = servers as [Server, Server];
  worker = await startWorker(program!, {
    source: fileURLToPath(new URL("fixtures/transport_worker.ts", import.meta.url)),
    trusted: good.certificates!.ca,
    constants: { PORT: good.port, TLS_PORT: good.tlsPort!, WRONG_PORT: wrong.tlsPort! },
  });
});
after(async () => {
  await worker?.[Symbol.asyncDispose]();
  await Promise.all(servers.map((server) => server.stop()));
});

describe("workerd", () => {
  it("a request sets and gets a key", { skip }, async () => {
    assert.equal(await worker.fetch("/plain"), "hello");
  });

  it("values of many chunks come as they were sent", { skip }, async () => {
    assert.equal(await worker.fetch("/big"), "true");
  });

  it("TLS: a trusted certificate, and another name by tls.serverName", { skip }, async () => {
    assert.equal(await worker.fetch("/tls"), "PONG");
    assert.equal(await worker.fetch("/serverName"), "PONG");
  });

  it("TLS: a failed handshake is explained", { skip }, async () => {
    const error = JSON.parse(await worker.fetch("/wrongName"));
    assert.equal(error.code, "TLS");
    assert.equal(error.executed, "no");
    assert.match(error.message, /its certificate must name the host/);
  });

  it("an address without a server is refused with a reason", { skip }, async () => {
    const error = JSON.parse(await worker.fetch("/refused"));
    assert.equal(error.code, "CONNECT");
    assert.match(error.message, /Cannot connect to 127.0.0.1:1: Workers cannot reach the address/);
  });

  const refused: readonly (readonly [name: string, options: object])[] = [
    ["path", { path: "/tmp/redis.sock" }],
    ["keepAlive", { keepAlive: { idle: 1_000 } }],
    ["noDelay: false", { noDelay: false }],
    ["tls.ca", { tls: { ca: "-----BEGIN CERTIFICATE-----" } }],
    ["tls.key", { tls: { key: "-----BEGIN PRIVATE KEY-----", cert: "-----BEGIN CERTIFICATE-----" } }],
    ["tls.ciphers", { tls: { ciphers: "AES" } }],
    ["tls.pfx", { tls: { pfx: "client.pfx" } }],
    ["family", { family: 4 }],
    ["tls.alpn", { tls: { alpn: ["redis"] } }],
    ['tls.verify: "none"', { tls: { verify: "none" } }],
    ["tls.checkHostname: false", { tls: { checkHostname: false } }],
    ["tls.sessionResumption: false", { tls: { sessionResumption: false } }],
    ['tls.minVersion: "TLSv1.3"', { tls: { minVersion: "TLSv1.3" } }],
  ];
  for (const [name, options] of refused) {
    it(`refuses ${name} by name`, { skip }, async () => {
      const query = encodeURIComponent(JSON.stringify(options));
      const error = JSON.parse(await worker.fetch(`/option?options=${query}`));
      assert.equal(error.name, "TypeError", error.message);
      assert.ok(error.message.startsWith(`Cannot connect: Workers cannot honour ${name}`), error.message);
    });
  }
});
