import assert from "node:assert/strict";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import Genuine from "ioredis";
import Face from "../../ioredis.ts";
import { type Server, startServer } from "../harness/server.ts";
import type { Client } from "./differential.ts";
import { rollProgram } from "./random_program.ts";
import { runProgram } from "./run_program.ts";

// KEYWIRE_PROGRAMS=1000 runs as many programs; KEYWIRE_SEED=5 begins with that seed.
const PROGRAMS = Number(process.env["KEYWIRE_PROGRAMS"] ?? 16);
const SEED = Number(process.env["KEYWIRE_SEED"] ?? 1);

describe("ioredis: random programs", () => {
  let server: Server;
  let control: Client;
  before(async () => {
    server = await startServer();
    control = new Face({ port: server.port, host: server.host });
  });
  after(async () => {
    control.disconnect();
    await server.stop();
  });

  it("have the results, the errors, the events and the states that they have with ioredis", async () => {
    for (let seed = SEED; seed < SEED + PROGRAMS; seed++) {
      const steps = rollProgram(seed);
      const expected = await runProgram(Genuine, server, control, steps);
      const actual = await runProgram(Face, server, control, steps);
      for (const [index, entry] of expected.entries()) {
        assert.deepEqual(actual[index], entry, `seed ${seed}, step ${index}`);
      }
      assert.equal(actual.length, expected.length);
    }
  });
});
