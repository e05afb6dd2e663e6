/**
 * A TCP proxy that limits the bandwidth of each connection. `node bandwidth_proxy.ts PORT MEGABYTES` prints the port of
 * the proxy, which ends when its standard input closes.
 *
 * @module
 */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import process from "node:process";

const [port, megabytes] = process.argv.slice(2).map(Number) as [number, number];
const BYTES_A_MILLISECOND = megabytes * 1_000;
/** Bytes that are read ahead from the sender, as the buffers of a real link would. */
const READ_AHEAD = 262_144;

/** Forwards what one side sends, at the bandwidth. */
function forward(from: Socket, to: Socket): void {
  const waiting: Uint8Array[] = [];
  let bytes = 0;
  let credit = 0;
  let last = performance.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const send = (): void => {
    timer = undefined;
    const now = performance.now();
    // A late timer sends the missed bytes at once; an idle link accumulates at most 20 ms of credit.
    credit = Math.min(credit + (now - last) * BYTES_A_MILLISECOND, 20 * BYTES_A_MILLISECOND);
    last = now;
    while (waiting.length > 0 && credit > 0) {
      const chunk = waiting[0]!;
      const part = chunk.subarray(0, Math.ceil(credit));
      credit -= part.length;
      bytes -= part.length;
      to.write(part);
      if (part.length === chunk.length) waiting.shift();
      else waiting[0] = chunk.subarray(part.length);
    }
    if (bytes < READ_AHEAD && from.isPaused()) from.resume();
    if (waiting.length > 0) timer = setTimeout(send, 1);
    else credit = Math.min(credit, 0);
  };
  from.on("data", (chunk: Uint8Array) => {
    waiting.push(chunk);
    bytes += chunk.length;
    if (bytes >= READ_AHEAD) from.pause();
    if (timer !== undefined) return;
    if (waiting.length === 1) last = Math.max(last, performance.now() - 1);
    send();
  });
  from.on("error", () => {});
  from.on("close", () => to.destroy());
}

const proxy = createServer({ noDelay: true }, (client) => {
  const server = connect({ port, host: "127.0.0.1", noDelay: true });
  forward(client, server);
  forward(server, client);
}).listen(0, "127.0.0.1", () => console.log((proxy.address() as AddressInfo).port));
process.stdin.resume().on("end", () => process.exit(0));
