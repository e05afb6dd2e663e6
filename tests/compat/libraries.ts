/**
 * Libraries from npm that are made for ioredis, on a server of their own. They are installed only where
 * `KEYWIRE_TEST_LIBRARIES=1` asks for it.
 *
 * @module
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before } from "node:test";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import Redis from "../../ioredis.ts";
import { toolFolder } from "../../scripts/package/tools.ts";
import { type Server, startServer } from "../harness/server.ts";

// deno-lint-ignore no-explicit-any
export type Any = any;

/** The reason for which tests with libraries are skipped, or false. */
export const skip: string | false = process.env.KEYWIRE_TEST_LIBRARIES === "1"
  ? false
  : "installs libraries from npm; run it with KEYWIRE_TEST_LIBRARIES=1";

/** The state that the tests of a file share. */
export interface Libraries {
  /** The server. */
  readonly server: Server;
  /** The folder with the installed libraries. */
  readonly folder: string;
  /** Imports a library. */
  load(name: string): Promise<Any>;
  /** Makes a client; it is closed after the tests. */
  connect(options?: object): Any;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Starts a server, and installs libraries into a folder of this name, before the tests of a file. */
export function useLibraries(name: string, versions: Readonly<Record<string, string>>): Libraries {
  const clients: Any[] = [];
  let server: Server;
  let folder = "";
  let require: NodeJS.Require;
  before(async () => {
    if (skip) return;
    folder = toolFolder(root, name, versions, false);
    require = createRequire(join(folder, "package.json"));
    server = await startServer();
  });
  // Libraries leave copies open.
  const keep = (client: Any): Any => {
    clients.push(client);
    const duplicate = client.duplicate.bind(client);
    client.duplicate = (options?: object) => keep(duplicate(options));
    return client;
  };
  after(async () => {
    for (const client of clients) client.disconnect();
    await server?.stop();
  });
  return {
    get server() {
      return server;
    },
    get folder() {
      return folder;
    },
    load: async (library) => {
      const module = await import(pathToFileURL(require.resolve(library)).href);
      const exports = module.default;
      // Names of CommonJS modules may be found on the default export only; a module that was compiled has its own.
      return typeof exports === "object" || exports?.default !== undefined
        ? Object.assign(Object.create(null), module, exports)
        : Object.assign(Object.create(null), exports, module);
    },
    connect: (options = {}) => keep(new Redis({ port: server.port, host: server.host, ...options })),
  };
}
