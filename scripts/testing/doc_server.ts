/**
 * Loaded before the examples of the documentation, on Deno: what they do with servers at their usual places
 * (localhost:6379, sentinels at 26379, a cluster at 7000) happens with those of the harness, as `KEYWIRE_DOC_PORTS` says. The
 * examples stay as a reader would write them.
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
