/**
 * A storm: the subscriber's link is cut every 200 ms for 20 seconds, while a publisher numbers its messages. Fails
 * if a message comes twice, if a hole in the numbers is not covered by a gap, or if not all comes after the storm.
 *
 * `node scripts/scenarios/storm.ts [SECONDS] [PROTOCOL]`; runs on all three runtimes. Starts a server of its own.
 *
 * @module
 */
import process from "node:process";
import { Redis } from "../../mod.ts";
import { startProxy } from "../../tests/harness/fault_proxy.ts";
import { startServer } from "../../tests/harness/server.ts";
import { waitFor } from "../../tests/harness/wait.ts";
import { publishNumbers, readNumbers } from "../../tests/pubsub/numbering.ts";

const seconds = Number(process.argv[2] ?? 20);
const protocol = Number(process.argv[3] ?? 3) as 2 | 3;

await using server = await startServer();
await using proxy = await startProxy({ port: server.port });
await using publisher = new Redis(server.url);
await using redis = new Redis(proxy.url, { protocol });

const subscription = redis.subscription("numbers");
await subscription.ready;
const stop = new AbortController();
let [published, seen, last] = [0, 0, Infinity];
const reading = readNumbers(subscription, () => last, (number) => seen = number);
const publishing = publishNumbers(publisher, "numbers", stop.signal, (number) => published = number);
for (let cut = 0; cut < seconds * 5; cut++) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  proxy.killAll(cut % 2 === 0 ? "reset" : "fin");
}
const cuts = published;
await waitFor("something to come after the storm", () => {
  return Promise.resolve(seen > cuts ? undefined : `nothing after ${cuts}`);
});
const standing = performance.now();
await new Promise((resolve) => setTimeout(resolve, 1_000));
stop.abort();
last = await publishing;
await publisher.publish("numbers", String(last += 1));
const verdict = await reading;
console.log(
  `RESP${protocol}, ${seconds} s:`,
  verdict,
  `published ${last}`,
  `${Math.round(performance.now() - standing)} ms after`,
);
if (verdict.repeated > 0 || verdict.uncovered > 0 || verdict.received + verdict.missing !== last) {
  process.exit(1);
}
