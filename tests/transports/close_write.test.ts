import assert from "node:assert/strict";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { runtimeTransport } from "../../transports/runtime.ts";
import { nodeTransport } from "../../transports/node.ts";

for (const transport of [runtimeTransport, nodeTransport]) {
  describe(`closeWrite of the ${transport.name} transport`, () => {
    it("sends all, then the end, and still delivers what the peer answers", async () => {
      const size = 1_000_000;
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        let received = 0;
        socket.on("data", (chunk) => received += chunk.length);
        // Only when all has been read and the end has come.
        socket.on("end", () => socket.end(`received ${received}`));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const { port } = server.address() as AddressInfo;
        let answer = "";
        const ended = Promise.withResolvers<Error | undefined>();
        const socket = await transport.connect({ host: "127.0.0.1", port }, {}, {
          data: (chunk) => answer += new TextDecoder().decode(chunk),
          close: (error) => ended.resolve(error),
        });
        const written = socket.write(new Uint8Array(size));
        socket.closeWrite!();
        socket.closeWrite!();
        await written;
        await assert.rejects(Promise.resolve(socket.write(new Uint8Array(1))), { code: "CLOSED" });
        assert.equal(await ended.promise, undefined);
        assert.equal(answer, `received ${size}`);
      } finally {
        server.close();
      }
    });

    it("can be followed by destroy()", async () => {
      const server = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => {}));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      server.on("connection", (socket) => socket.resume());
      try {
        const { port } = server.address() as AddressInfo;
        const ended = Promise.withResolvers<Error | undefined>();
        const socket = await transport.connect({ host: "127.0.0.1", port }, {}, {
          data: () => {},
          close: (error) => ended.resolve(error),
        });
        socket.closeWrite!();
        socket.destroy();
        assert.equal(await ended.promise, undefined);
      } finally {
        server.close();
        server.unref();
      }
    });
  });
}
