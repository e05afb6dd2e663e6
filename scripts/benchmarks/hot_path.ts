/**
 * Measures the client's cost of a command without kernel and server: a transport in the same process replies to every
 * GET at once.
 *
 * `node scripts/benchmarks/hot_path.ts [FOLDER...]`, also with Deno and Bun. Each FOLDER is another checkout to
 * compare. It measures processor time, so a busy machine matters less.
 *
 * With `--signal` each contends twice: without a signal, and with one that all its commands share. With `--bytes` the
 * command is a SET of 16 bytes. `--json` prints rows, `--short` measures fewer rounds.
 *
 * @module
 */
import { resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import * as here from "../../mod.ts";
import type { SocketHandlers, Transport } from "../../mod.ts";
import { runtime } from "./micro.ts";
import { printRow } from "./row.ts";
import { median, quantile } from "./statistics.ts";
import { takeTurn } from "./turn.ts";

const ROUNDS = process.argv.includes("--short") ? 9 : 41;
const TURN = 20;
const VALUE = "0123456789abcdef";
const KEY = "bench:key";
const encoder = new TextEncoder();
const bytes = encoder.encode(VALUE);
const isSet = process.argv.includes("--bytes");
const REPLY = encoder.encode(isSet ? "+OK\r\n" : `$${VALUE.length}\r\n${VALUE}\r\n`);
const COMMAND = `*2\r\n$3\r\nGET\r\n$${KEY.length}\r\n${KEY}\r\n`.length +
  (isSet ? `$16\r\n${VALUE}\r\n`.length : 0);
/** The first letter of the command. */
const LETTER = isSet ? 83 : 71;
const REPLIES = 32_768;
const many = new Uint8Array(REPLY.length * REPLIES);
for (let index = 0; index < REPLIES; index++) many.set(REPLY, index * REPLY.length);

/** Returns a transport that replies in the next turn of the event loop; to the handshake with OK. */
function answering(): Transport {
  return {
    name: "answering",
    connect: (_endpoint, _options, handlers: SocketHandlers) => {
      let due = 0;
      let begun = false;
      /** Bytes of a command that another write continues. */
      let rest = 0;
      const answer = () => {
        const chunk = many.subarray(0, due * REPLY.length);
        due = 0;
        handlers.data(chunk);
      };
      return Promise.resolve({
        write(bytes) {
          begun ||= bytes[4] === 36 && bytes[8] === LETTER && bytes.length % COMMAND === 0;
          if (!begun) {
            setImmediate(() => handlers.data(encoder.encode("+OK\r\n")));
            return;
          }
          if (due === 0) setImmediate(answer);
          rest += bytes.length;
          due += Math.floor(rest / COMMAND);
          rest %= COMMAND;
        },
        pause() {},
        resume() {},
        ref() {},
        unref() {},
        close: () => Promise.resolve(),
        destroy() {},
      });
    },
  };
}

type Entry = Pick<typeof here, "Redis">;
const folders = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const entries: Entry[] = [here];
for (const folder of folders) {
  entries.push(await import(pathToFileURL(resolve(folder, "mod.ts")).href) as Entry);
}
const clients = entries.map(({ Redis }) =>
  new Redis({ transport: answering(), protocol: 2, libName: false, healthCheckInterval: 0 })
);
for (const client of clients) await client.connect();
const run = (client: here.Redis): () => Promise<unknown> =>
  isSet ? () => client.set(KEY, bytes) : () => client.get(KEY);
const names = ["this", ...folders];
const contenders = process.argv.includes("--signal")
  ? clients.flatMap((client, index) => [
    { client, name: names[index]! },
    {
      client: client.with({ signal: new AbortController().signal }),
      name: `${names[index]!}, shared signal`,
    },
  ])
  : clients.map((client, index) => ({ client, name: names[index]! }));
console.log(
  `${runtime()}: processor time a ${isSet ? "SET of bytes" : "GET"}, quarters of the rounds around the ratio`,
);
for (const together of [1, 64, 1000, 20_000]) {
  const costs = contenders.map((): number[] => []);
  for (let round = -8; round < ROUNDS; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const which = round % 2 === 0 ? turn : contenders.length - 1 - turn;
      const { client } = contenders[which]!;
      const { cpu } = await takeTurn(run(client), together, TURN);
      if (round >= 0) costs[which]!.push(cpu);
    }
  }
  contenders.forEach(({ name }, index) => {
    // How many times as much as this one each of the others costs.
    const ratios = costs[index]!.map((cost, round) => cost / costs[0]![round]!);
    const spread = [0.5, 0.25, 0.75].map((q) => quantile(ratios, q).toFixed(3));
    const ratio = index === 0 ? "" : `  x${spread[0]} (${spread[1]} to ${spread[2]})`;
    const ns = Math.round(median(costs[index]!) * 1_000);
    const cost = String(ns).padStart(6);
    if (process.argv.includes("--json") && index === 0) {
      const what = together === 1 ? "one at a time" : `${together.toLocaleString("en")} at once`;
      printRow({ runtime: runtime(), what, contender: "keywire", values: { ns } });
    }
    console.log(`  ${String(together).padStart(5)} at once  ${cost} ns  ${name}${ratio}`);
  });
}
process.exit(0);
