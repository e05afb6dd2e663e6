/**
 * Preloaded for the examples of the documentation on Deno: maps the usual addresses (localhost:6379, sentinels at
 * 26379, a cluster at 7000) to the servers of the harness, by `KEYWIRE_DOC_PORTS`. So the examples look as a reader
 * would write them.
 *
 * @module
 */
import process from "node:process";

const ports = JSON.parse(process.env.KEYWIRE_DOC_PORTS!) as Record<string, number>;
const connect = Deno.connect;
const redirected = (options: Deno.ConnectOptions): Promise<Deno.TcpConn> => {
  const port = options.hostname === "localhost" ? ports[options.port] : undefined;
  return connect(port === undefined ? options : { ...options, hostname: "127.0.0.1", port });
};
Deno.connect = redirected as typeof Deno.connect;
