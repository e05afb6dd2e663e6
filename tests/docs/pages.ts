/**
 * The pages whose code is type-checked (`scripts/check_types.ts`) and run.
 *
 * @module
 */

/** The pages that need one server and nothing else. */
export const PAGES: readonly string[] = [
  "README.md",
  "docs/commands.md",
  "docs/errors-and-certainty.md",
  "docs/moving-from.md",
  "docs/observability.md",
  "docs/cache.md",
  "docs/pipelines-and-transactions.md",
  "docs/pubsub.md",
  "docs/retry-writes-safely.md",
  "docs/scripts.md",
  "docs/shutdown.md",
  "docs/streams.md",
  "docs/troubleshooting.md",
  "docs/testing-your-application.md",
  "docs/test-server.md",
  "docs/writing-a-transport.md",
];

/** The pages about connections, whose server has TLS, users and a Unix socket. */
export const CONNECTION_PAGES: readonly string[] = [
  "docs/connecting.md",
  "docs/pools.md",
  "docs/tls-and-authentication.md",
  "docs/timeouts-and-retries.md",
  "docs/options.md",
  "docs/deployment.md",
  "docs/coming-from-python.md",
];
