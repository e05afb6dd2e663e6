/** Tests of the client, which run on a real server by themselves, on the test server: each on one of the runtimes. @module */
import { inProcess } from "../harness/server.ts";

inProcess.wanted = true;
if ("Deno" in globalThis) {
  await import("../scripts/scripts.test.ts");
  await import("../pipeline/pipeline.test.ts");
  await import("../transactions/multi.test.ts");
  await import("../transactions/watch.test.ts");
  await import("../pubsub/listeners.test.ts");
} else if ("Bun" in globalThis) {
  await import("../streams/consume.test.ts");
  await import("../streams/handler.test.ts");
  await import("../streams/model.test.ts");
  await import("../pubsub/iterator.test.ts");
  await import("../commands/lossless.test.ts");
} else {
  await import("../commands/bytes.test.ts");
  await import("../iterators/iterators.test.ts");
  await import("../cache/cache.test.ts");
  await import("../examples/examples.test.ts");
}
