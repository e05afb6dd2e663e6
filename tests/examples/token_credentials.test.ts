/** Tokens of managed services, given out by a token service of the test, on a real server. @module */
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import {
  elastiCacheIam,
  entraId,
  presign,
  type Token,
  tokenCredentials,
} from "../../examples/token_credentials.ts";
import { Redis } from "../../mod.ts";
import { startServer } from "../harness/server.ts";
import { waitFor } from "../harness/wait.ts";

const KEYS = {
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
};

describe("token credentials", () => {
  it("are fetched once for all connections, and renewed on live ones before they expire", async () => {
    await using server = await startServer();
    const given: string[] = [];
    // The token service: each token is a password from then on, and the only one.
    const service = createServer(async (_, response) => {
      const token = `token-${given.length + 1}`;
      await server.cli("ACL", "SETUSER", "app", "reset", "on", `>${token}`, "~*", "&*", "+@all");
      given.push(token);
      response.end(token);
    });
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    const fetchToken = async (): Promise<Token> => {
      const response = await fetch(`http://127.0.0.1:${(service.address() as AddressInfo).port}/`, {
        headers: { connection: "close" },
      });
      return { username: "app", password: await response.text(), lifetime: 400 };
    };
    try {
      const redis = new Redis(server.url, { credentials: tokenCredentials(fetchToken) });
      const id = await redis.clientId();
      await Promise.all([redis.blpop("none", 0.01), redis.blpop("none", 0.01), redis.set("k", 1)]);
      assert.deepEqual(given, ["token-1"]);
      await waitFor("the third token", () => Promise.resolve(given.length >= 3 ? undefined : given.join()));
      // The same connection continues, and a new one has the new token.
      assert.equal(await redis.clientId(), id);
      assert.equal(await redis.get("k"), "1");
      await redis.close();
      const count = given.length;
      await using other = new Redis(server.url, { credentials: tokenCredentials(fetchToken) });
      await other.ping();
      assert.equal(given.length, count + 1);
    } finally {
      service.close();
    }
  });

  it("of Entra ID have the object id for a user", async () => {
    const claims = btoa(JSON.stringify({ oid: "7c2f", note: "ÿ>?" })).replaceAll("+", "-").replaceAll(
      "/",
      "_",
    );
    const scopes: string[] = [];
    const fetchToken = entraId({
      getToken: (scope) => {
        scopes.push(scope);
        return Promise.resolve({ token: `head.${claims}.sign`, expiresOnTimestamp: Date.now() + 60_000 });
      },
    });
    const { username, password, lifetime } = await fetchToken();
    assert.deepEqual([username, password, scopes], ["7c2f", `head.${claims}.sign`, [
      "https://redis.azure.com/.default",
    ]]);
    assert.ok(lifetime > 50_000 && lifetime <= 60_000);
  });

  it("of AWS are signed as its documentation shows it", async () => {
    // The example of "Authenticating Requests: Using Query Parameters" in the documentation of S3.
    const url = await presign({
      host: "examplebucket.s3.amazonaws.com",
      path: "/test.txt",
      query: {},
      region: "us-east-1",
      service: "s3",
      seconds: 86_400,
      bodyHash: "UNSIGNED-PAYLOAD",
      now: new Date("2013-05-24T00:00:00Z"),
    }, KEYS);
    assert.match(url, /X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404$/);
    const { username, password, lifetime } = await elastiCacheIam({
      cache: "my-cache",
      user: "app",
      region: "eu-central-1",
      serverless: true,
      keys: () => Promise.resolve({ ...KEYS, sessionToken: "session" }),
    })();
    assert.deepEqual([username, lifetime], ["app", 900_000]);
    assert.match(
      password,
      /^my-cache\/\?Action=connect&ResourceType=ServerlessCache&User=app&X-Amz-Algorithm=/,
    );
    assert.match(password, /eu-central-1%2Felasticache%2Faws4_request.*X-Amz-Security-Token=session/);
  });
});
