/**
 * A small client without methods. A bundle contains only the commands that the program imports.
 *
 * ```ts
 * import { connect } from "@keywire/redis/core";
 * import { get, set } from "@keywire/redis/commands";
 *
 * await using client = await connect("redis://localhost:6379");
 * await client.execute(set("greeting", "hello"));
 * await client.execute(get("greeting")); // "hello"
 * ```
 *
 * @module
 */
import { runtimeTransport } from "./transports/runtime.ts";
import { CoreClient } from "./src/core/client.ts";
import { type CoreOptions, resolveCoreOptions } from "./src/core/options.ts";

export { CoreClient, type Outcomes } from "./src/core/client.ts";
export type { CoreOptions } from "./src/core/options.ts";

/**
 * Connects to a server: `redis:`, `rediss:` or `unix:`, `valkey:` or `valkeys:`, or options; these go over a URL.
 *
 * @throws {TypeError} for a URL that is none of these.
 * @throws {ConnectionError | TimeoutError | AuthenticationError} when no connection can be made.
 */
export async function connect(
  source: string | URL | CoreOptions = {},
  over: CoreOptions = {},
): Promise<CoreClient> {
  const client = new CoreClient(resolveCoreOptions(source, over, runtimeTransport));
  await client.connect();
  return client;
}
