/**
 * The contract of `src/transport.ts`, as tests that every adapter has to pass on every runtime.
 *
 * @module
 */

import { describe } from "node:test";
import type { Transport } from "../../src/transport.ts";
import { bytesContract } from "./contract_bytes.ts";
import { connectContract } from "./contract_connect.ts";
import { endContract } from "./contract_end.ts";
import { tlsContract } from "./contract_tls.ts";

/** The runtime of the tests. */
export const runtime: "deno" | "bun" | "node" = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : "node";

/** Declares all tests of the contract for one transport. */
export function transportContract(transport: Transport): void {
  describe(`the ${transport.name} transport on ${runtime}`, () => {
    describe("carries bytes", () => bytesContract(transport));
    describe("connects", () => connectContract(transport));
    describe("ends", () => endContract(transport));
    // Deno's adapter leaves TLS to that of Node; `tests/connections/tls.test.ts` goes through it.
    if (transport.name !== "deno") describe("does TLS", () => tlsContract(transport));
  });
}
