/**
 * A web application: sessions in a cookie, a rate limit and a cached page. It ends in order on SIGTERM.
 *
 *     REDIS_URL=redis://localhost:6379 PORT=8080 node examples/web_app.ts
 *
 * @module
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { Redis } from "../mod.ts";
import { Session } from "./hono_sessions.ts";
import { allow } from "./rate_limiter.ts";

const redis = new Redis(process.env.REDIS_URL ?? "redis://localhost:6379", { keyPrefix: "web:" });

/** Returns the session of a request, a new one if the cookie names none. */
function sessionOf(request: IncomingMessage): Session {
  const known = /(?:^|; )session=([0-9a-f-]{36})(?:;|$)/.exec(request.headers.cookie ?? "")?.[1];
  return new Session(redis, known ?? crypto.randomUUID(), 1_800);
}

/** Renders the page that all visitors share: slow, so it is made once a minute. */
function renderNews(): Promise<string> {
  return Promise.resolve(`news of ${new Date().toISOString()}`);
}

const server = createServer(async (request, response) => {
  try {
    const session = sessionOf(request);
    if (!await allow(redis, request.socket.remoteAddress ?? "unknown", 5, 60_000)) {
      response.writeHead(429).end("too many requests\n");
      return;
    }
    const [visits, news] = await Promise.all([
      session.count("visits"),
      redis.cached("news", { ttl: 60_000, staleTtl: 600_000 }, renderNews),
    ]);
    response.setHeader("set-cookie", `session=${session.id}; HttpOnly; SameSite=Lax; Path=/; Max-Age=1800`);
    response.end(`visit ${visits}\n${news}\n`);
  } catch (error) {
    // The error names the command and this file's line; the visitor does not need it.
    console.error(error);
    response.writeHead(503).end("try again\n");
  }
});

server.listen(Number(process.env.PORT ?? 8080), "127.0.0.1", () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`);
});

process.once("SIGTERM", () => {
  server.close(async () => {
    await redis.close();
    console.log("closed");
  });
  server.closeIdleConnections();
});
