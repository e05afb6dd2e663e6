/** The code of docs/connections-and-pools.md and of docs/coming-from-python.md runs. */
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { DocPage, readBlocks } from "../harness/doc_blocks.ts";
import { type Server, startServer } from "../harness/server.ts";

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

for (const name of ["docs/connections-and-pools.md", "docs/coming-from-python.md"]) {
  describe(name, () => {
    let page: DocPage;
    before(() => {
      page = new DocPage(name, replacements);
    });
    after(() => page.remove());

    it("has the types right", { skip: !("Deno" in globalThis) }, () => page.check(process.execPath));

    readBlocks(name).forEach((block, index) => {
      it(`line ${block.line}, ${block.heading}`, { skip: block.ignored }, async () => {
        await server.cli("FLUSHALL");
        await page.run(page.blocks[index]!);
      });
    });
  });
}
