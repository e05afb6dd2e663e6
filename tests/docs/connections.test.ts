/** The code of the pages about connections, and of docs/coming-from-python.md, runs. */
import { after, before, describe, it } from "node:test";
import { DocPage, readBlocks } from "../harness/doc_blocks.ts";
import { type Server, startServer } from "../harness/server.ts";
import { CONNECTION_PAGES } from "./pages.ts";

let server: Server;
let replacements: Record<string, string>;
before(async () => {
  server = await startServer({
    unix: true,
    tls: { clients: "optional" },
    acl: ["user alice on >wonderland ~* &* +@all", "user bob on >builder ~* &* +@all"],
  });
  const { caFile, client } = server.certificates!;
  replacements = {
    "redis://localhost:6379": server.url,
    'host: "localhost"': `host: "${server.host}", port: ${server.port}`,
    "/var/run/redis/redis.sock": server.path!,
    'host: "redis.example.com"': 'host: "localhost"',
    "port: 6380": `port: ${server.tlsPort}`,
    "/path/to/ca.pem": caFile,
    "/path/to/client.pem": client.certFile,
    "/path/to/client-key.pem": client.encryptedKeyFile,
    "opens the key": client.passphrase,
  };
});
after(() => server.stop());

describe("the code of", () => {
  const pages = new Map<string, DocPage>();
  before(() => {
    for (const name of CONNECTION_PAGES) pages.set(name, new DocPage(name, replacements));
  });
  after(() => {
    for (const page of pages.values()) page.remove();
  });

  for (const name of CONNECTION_PAGES) {
    readBlocks(name).forEach((block, index) => {
      it(`${name}, line ${block.line}, ${block.heading}`, { skip: block.ignored }, async () => {
        await server.cli("FLUSHALL");
        const page = pages.get(name)!;
        await page.run(page.blocks[index]!);
      });
    });
  }
});
