import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { type Any, skip, useLibraries } from "./libraries.ts";

// Each runtime puts its own build there.
const RUNTIME = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "node";

describe("ioredis: libraries that import it, with @keywire/ioredis in its place", () => {
  const libraries = useLibraries(`ioredis-overrides-${RUNTIME}`, {
    "@nestjs/common": "12.5.1",
    "@nestjs/core": "12.5.1",
    "@nestjs/microservices": "12.1.1",
    "reflect-metadata": "0.2.2",
    "rxjs": "7.8.2",
    "unstorage": "1.17.6",
  });
  const { load } = libraries;
  before(() => {
    if (skip) return;
    const scratch = mkdtempSync(join(tmpdir(), "keywire-override-"));
    try {
      const build = `import("./scripts/build_npm.ts").then((m) => m.buildIoredis(${
        JSON.stringify(scratch)
      }))`;
      execFileSync("node_modules/.bin/node", ["-e", build], { stdio: ["ignore", "ignore", "inherit"] });
      // What npm makes of an override: the package is where the library looks for ioredis.
      const home = join(libraries.folder, "node_modules", "ioredis");
      rmSync(home, { recursive: true, force: true });
      mkdirSync(home, { recursive: true });
      execFileSync("sh", ["-c", `tar -xzf "${scratch}"/*.tgz -C "${home}" --strip-components=1`]);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  });

  it("unstorage's Redis driver", { skip }, async () => {
    const { createStorage } = await load("unstorage");
    const { default: driver } = await load("unstorage/drivers/redis");
    const { host, port } = libraries.server;
    const storage = createStorage({ driver: driver({ base: "items", host, port }) });
    await storage.setItem("a:b", { n: 1 }, { ttl: 10 });
    assert.deepEqual(await storage.getItem("a:b"), { n: 1 });
    assert.deepEqual(await storage.getKeys("a"), ["a:b"]);
    await storage.clear();
    assert.equal(await storage.hasItem("a:b"), false);
    await storage.dispose();
  });

  it("NestJS microservices", { skip }, async () => {
    await load("reflect-metadata");
    const { NestFactory } = await load("@nestjs/core");
    const { Controller, Module } = await load("@nestjs/common");
    const { ClientProxyFactory, EventPattern, MessagePattern, Transport } = await load(
      "@nestjs/microservices",
    );
    const { firstValueFrom } = await load("rxjs");
    const event = Promise.withResolvers<unknown>();
    class Numbers {
      sum({ a, b }: { a: number; b: number }): number {
        return a + b;
      }
      noted(data: unknown): void {
        event.resolve(data);
      }
    }
    class App {}
    const decorate = (method: string, decorator: Any): void => {
      decorator(Numbers.prototype, method, Object.getOwnPropertyDescriptor(Numbers.prototype, method));
    };
    Controller()(Numbers);
    decorate("sum", MessagePattern("sum"));
    decorate("noted", EventPattern("noted"));
    Module({ controllers: [Numbers] })(App);
    const { host, port } = libraries.server;
    const options = { transport: Transport.REDIS, options: { host, port } };
    const app = await NestFactory.createMicroservice(App, { ...options, logger: false });
    await app.listen();
    const client = ClientProxyFactory.create(options);
    await client.connect();
    assert.equal(await firstValueFrom(client.send("sum", { a: 1, b: 2 })), 3);
    await firstValueFrom(client.emit("noted", { n: 1 }));
    assert.deepEqual(await event.promise, { n: 1 });
    await client.close();
    await app.close();
  });
});
