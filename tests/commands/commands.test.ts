/**
 * Commands against real servers: each suite under RESP2 and RESP3, as text and as bytes; then, whether every command that the
 * server knows has its function, and how many were called.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { skipped } from "../../scripts/commands/curated.ts";
import { functionName } from "../../scripts/commands/render.ts";
import * as c from "../../src/commands/mod.ts";
import { atLeast, findBinary, inspectBinary } from "../harness/binaries.ts";
import { type Server, startServer } from "../harness/server.ts";
import { startTestServer } from "../harness/test_server.ts";
import { clusters } from "./clusters.ts";
import * as collections from "./collections.ts";
import { SocketExecutor } from "./executor.ts";
import * as keyspace from "./keyspace.ts";
import { administration, sentinels } from "./administration.ts";
import * as scripts from "./scripts.ts";
import * as servers from "./servers.ts";
import * as sorted from "./sorted.ts";
import * as streams from "./streams.ts";
import * as strings from "./strings.ts";
import { commandNames, Context, SPEECHES, type Suite } from "./suite.ts";
import { vectors } from "./vectors.ts";

const suites: Readonly<Record<string, Suite>> = {
  ...strings,
  ...keyspace,
  ...collections,
  ...sorted,
  ...streams,
  ...scripts,
  ...servers,
  vectors,
};

/** Not called by any suite, and why. */
const UNCALLED: Readonly<Record<string, string>> = {
  "PFSELFTEST": "takes seconds",
  "SUBSCRIBE": "answers with pushes: the client's tests",
  "UNSUBSCRIBE": "answers with pushes: the client's tests",
  "PSUBSCRIBE": "answers with pushes: the client's tests",
  "PUNSUBSCRIBE": "answers with pushes: the client's tests",
  "SSUBSCRIBE": "answers with pushes: the client's tests",
  "SUNSUBSCRIBE": "answers with pushes: the client's tests",
};

const own = findBinary();
const extra = ["sid/bin/redis-server", "sid/bin/valkey-server", "experimental/bin/redis-server"]
  .map((path) => join(import.meta.dirname!, "../../.servers", path)).filter(existsSync);
const binaries = process.env.KEYWIRE_SERVER_BIN || !own ? [own?.path] : [own.path, ...extra];

/** The server of the suites, once it has started. */
interface Target {
  readonly server: Server;
  readonly names: ReadonlySet<string>;
  /** Collects the commands that were called. */
  readonly covered: Set<string>;
}

/** Declares a test for each suite, with one protocol and one kind of strings. */
function declareSuites(kind: string, speech: (typeof SPEECHES)[number], target: () => Target): void {
  for (const [name, suite] of Object.entries(suites)) {
    it(`${name} (${kind})`, async () => {
      const { server, names, covered } = target();
      await server.cli("FLUSHALL");
      const executor = await SocketExecutor.open(server.port, speech);
      try {
        await suite(new Context(server, speech, executor, names, covered));
      } finally {
        executor.close();
      }
    });
  }
}

describe("commands of the test server", () => {
  let server: Server;
  let names: ReadonlySet<string>;
  const covered = new Set<string>();
  before(async () => {
    server = await startTestServer();
    names = await commandNames(server);
  });
  after(() => server?.stop());
  for (const speech of SPEECHES) {
    const kind = `RESP${speech.protocol}, ${speech.bytes ? "bytes" : "text"}`;
    declareSuites(kind, speech, () => ({ server, names, covered }));
  }
});

for (const binary of binaries) {
  const title = binary === undefined
    ? "a server"
    : `${inspectBinary(binary).name} ${inspectBinary(binary).version}`;
  // Redis 6 cannot list its commands with their subcommands, and has not half of what the suites call.
  const skip = binary !== undefined && !atLeast(inspectBinary(binary).version, "7.0.0") &&
    "the suites of commands are written for servers from 7.0 on";
  describe(`commands of ${title}`, { skip }, () => {
    let server: Server;
    let names: ReadonlySet<string>;
    const covered = new Set<string>();
    before(async () => {
      server = await startServer({ binary });
      names = await commandNames(server);
    });
    after(() => server?.stop());

    for (const speech of SPEECHES) {
      const kind = `RESP${speech.protocol}, ${speech.bytes ? "bytes" : "text"}`;
      declareSuites(kind, speech, () => ({ server, names, covered }));
      it(`clusters (${kind})`, () => clusters(binary, speech, names, covered));
      it(`administration (${kind})`, () => administration(binary, speech, names, covered));
      it(`sentinels (${kind})`, () => sentinels(binary, speech, covered));
    }

    it("has a function for every command", () => {
      const functions = new Set(Object.keys(c));
      const missing = [...names].filter((name) =>
        !(name in skipped) && !functions.has(functionName(name)) &&
        // Containers have no function of their own.
        ![...names].some((other) => other.startsWith(`${name} `))
      );
      assert.deepEqual(missing, []);
    });

    it("calls all but the listed commands", () => {
      const called = [...names].filter((name) =>
        !(name in skipped) && ![...names].some((other) => other.startsWith(`${name} `))
      );
      assert.deepEqual(called.filter((name) => !covered.has(name) && !(name in UNCALLED)), []);
      assert.ok(Object.keys(UNCALLED).length < called.length / 10);
    });
  });
}
