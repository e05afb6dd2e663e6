/**
 * Runs the test server until SIGTERM or SIGINT. Started by `./scripts/serve`.
 *
 * @module
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { TestServer } from "../testing.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "6379" },
    host: { type: "string", default: "127.0.0.1" },
    path: { type: "string" },
  },
});
const port = Number(values.port);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  throw new TypeError(`Cannot serve: bad port '${values.port}'`);
}

const server = new TestServer({ logLimit: 0 });
const { url } = await server.listen({ host: values.host, port, path: values.path });
console.log(`ready ${url}`);
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.once(signal, async () => {
    await server.close();
    process.exit(0);
  });
}
