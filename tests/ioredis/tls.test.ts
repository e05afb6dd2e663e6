import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import Redis, { type TlsConnectionOptions } from "../../ioredis.ts";
import { type Server, startServer } from "../harness/server.ts";

describe("ioredis: TLS", () => {
  let server: Server;
  before(async () => void (server = await startServer({ tls: true })));
  after(() => server.stop());

  /** Resolves with the reply to PING, or the first error. */
  async function ping(tls: TlsConnectionOptions): Promise<string> {
    const redis = new Redis({
      port: server.tlsPort!,
      host: "localhost",
      family: 4,
      tls,
      retryStrategy: null,
    });
    const failed = new Promise<string>((resolve) => redis.on("error", (error) => resolve(String(error))));
    try {
      return await Promise.race([failed, redis.ping().catch(() => failed)]);
    } finally {
      redis.disconnect();
    }
  }

  it("verifies the server as the options define", async () => {
    const { ca, otherCa } = server.certificates!;
    const asked: string[] = [];
    const checkServerIdentity = (host: string): undefined => void asked.push(host);
    assert.equal(await ping({ ca }), "PONG");
    assert.equal(await ping({ ca, servername: "localhost" }), "PONG");
    assert.equal(await ping({ ca: otherCa, rejectUnauthorized: false }), "PONG");
    assert.equal(await ping({ ca, checkServerIdentity }), "PONG");
    assert.equal(asked.length, 1);
    assert.match(await ping({ ca, checkServerIdentity: () => new Error("not ours") }), /not ours/);
    assert.match(await ping({ ca: otherCa }), /Error/);
    assert.match(await ping({ ca, pfx: "/nowhere.pfx" }), /pfx/);
  });

  it("names options that it does not have", async () => {
    assert.match(await ping({ secureProtocol: "TLSv1_method" }), /tls\.secureProtocol/);
    assert.match(await ping({ profile: "RedisCloudFixed" }), /TLS profiles are not supported/);
  });
});
