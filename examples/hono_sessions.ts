/**
 * Sessions for Hono, on all three runtimes. The application is the same everywhere; only the last line of a program
 * differs:
 *
 *     Deno.serve(application(redis).fetch);                       // Deno
 *     export default application(redis);                          // Bun
 *     serve(application(redis));                                  // Node, with @hono/node-server
 *
 * @module
 */
import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import type { Redis } from "../mod.ts";

/** A session: fields of a hash that expires when it is not used. */
export class Session {
  /** Names it in the cookie; cannot be guessed. */
  readonly id: string;
  readonly #redis: Redis;
  readonly #seconds: number;

  /** `seconds`: how long it lives after the last change. */
  constructor(redis: Redis, id: string, seconds: number) {
    this.#redis = redis;
    this.id = id;
    this.#seconds = seconds;
  }

  get #key(): string {
    return `session:${this.id}`;
  }

  /** A field. */
  async get(field: string): Promise<string | null> {
    return await this.#redis.hget(this.#key, field);
  }

  /** Sets a field; the session lives on. */
  async set(field: string, value: string): Promise<void> {
    await this.#redis.multi().hset(this.#key, { [field]: value }).expire(this.#key, this.#seconds).exec();
  }

  /** Adds one to a field; the session lives on. */
  async count(field: string): Promise<number> {
    const [sum] = await this.#redis.multi().hincrby(this.#key, field, 1).expire(this.#key, this.#seconds)
      .exec();
    return sum;
  }

  /** Ends the session. */
  async end(): Promise<void> {
    await this.#redis.del(this.#key);
  }
}

/** The variables in the context of handlers. */
type Environment = { Variables: { session: Session } };

/** Gives each visitor a session. */
export function sessions(redis: Redis, seconds = 1_800): ReturnType<typeof createMiddleware<Environment>> {
  return createMiddleware<Environment>(async (context, next) => {
    const known = getCookie(context, "session");
    const id = known !== undefined && /^[0-9a-f-]{36}$/.test(known) ? known : crypto.randomUUID();
    setCookie(context, "session", id, {
      httpOnly: true,
      secure: true,
      sameSite: "Lax",
      path: "/",
      maxAge: seconds,
    });
    context.set("session", new Session(redis, id, seconds));
    await next();
  });
}

/** An application that knows how often one has been there. */
export function application(redis: Redis): Hono<Environment> {
  const app = new Hono<Environment>();
  app.use(sessions(redis));
  app.get("/", async (context) => context.text(`visit ${await context.var.session.count("visits")}`));
  app.post("/leave", async (context) => {
    await context.var.session.end();
    return context.text("bye");
  });
  return app;
}
