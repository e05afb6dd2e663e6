/** The code of README.md and of the pages in docs/ that need one server and nothing else runs. */
import { after, before, describe, it } from "node:test";
import { DocPage, readBlocks } from "../harness/doc_blocks.ts";
import { type Server, startServer } from "../harness/server.ts";
import { PAGES } from "./pages.ts";

let server: Server;
let replacements: Record<string, string>;
before(async () => {
  server = await startServer();
  replacements = {
    "redis://localhost:6379": server.url,
    'host: "localhost"': `host: "${server.host}", port: ${server.port}`,
    // A file outside of the project finds no packages.
    '"@opentelemetry/api"': JSON.stringify(import.meta.resolve("@opentelemetry/api")),
  };
});
after(() => server.stop());

describe("the code of", () => {
  const pages = new Map<string, DocPage>();
  before(() => {
    for (const name of PAGES) pages.set(name, new DocPage(name, replacements));
  });
  after(() => {
    for (const page of pages.values()) page.remove();
  });

  for (const name of PAGES) {
    readBlocks(name).forEach((block, index) => {
      it(`${name}, line ${block.line}, ${block.heading}`, { skip: block.ignored }, async () => {
        await server.cli("FLUSHALL");
        const page = pages.get(name)!;
        await page.run(page.blocks[index]!);
      });
    });
  }
});
