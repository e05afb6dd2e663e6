/**
 * TCP keepalive: without a word of the user it begins after seconds, not after the two hours of the system.
 *
 * @module
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { bunTransport } from "../../transports/bun.ts";
import { denoTransport } from "../../transports/deno.ts";
import { nodeTransport } from "../../transports/node.ts";
import type { SocketOptions, Transport } from "../../src/transport.ts";
import { runtime } from "./contract.ts";
import { peer, Recorder } from "./peer.ts";

const TABLE = "/proc/net/tcp";
/** The kind of timer that keepalive is, and how many of the table's units a second has. */
const KEEPALIVE = "02";
const A_SECOND = 100;

/** Seconds until the first probe on the client's socket of a connection to this port; `undefined`: there is none. */
function untilProbe(port: number): number | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  for (const line of readFileSync(TABLE, "utf8").split("\n")) {
    const [, , remote = "", , , timer = ""] = line.trim().split(/\s+/);
    const [kind, when = ""] = timer.split(":");
    if (remote.endsWith(`:${hex}`) && kind === KEEPALIVE) return parseInt(when, 16) / A_SECOND;
  }
  return undefined;
}

const transports: Transport[] = [nodeTransport];
if (runtime === "deno") transports.push(denoTransport);
if (runtime === "bun") transports.push(bunTransport);

describe("keepalive", { skip: existsSync(TABLE) ? false : "the system shows no timers of sockets" }, () => {
  for (const transport of transports) {
    const cases: [string, SocketOptions, number | undefined][] = [
      ["by default", {}, 15],
      ["as it is asked for", { keepAlive: { idle: 30_000 } }, 30],
      ["not at all", { keepAlive: false }, undefined],
    ];
    for (const [name, options, seconds] of cases) {
      it(`${transport.name}: ${name}; the socket says whether it notices a dead peer`, async () => {
        await using other = await peer();
        const socket = await transport.connect(
          { host: "127.0.0.1", port: other.port },
          options,
          new Recorder(),
        );
        const until = untilProbe(other.port);
        assert.equal(socket.noticesDeadPeer ?? false, until !== undefined && until <= 60);
        // Deno's own sockets know no times.
        const systems = transport === denoTransport && name === "by default";
        if (seconds === undefined) assert.equal(until, undefined);
        else assert.ok(systems || (until! <= seconds && until! > seconds - 10), `${until} s`);
        socket.destroy();
      });
    }
  }
});
