/**
 * A store for express-session, and for others that take such a store (Fastify's sessions). Keys and values are those of
 * connect-redis.
 *
 * ```ts ignore
 * import session from "express-session";
 * import { Redis } from "@keywire/redis";
 * import { sessionStore } from "@keywire/redis/express-session";
 *
 * const redis = new Redis("redis://localhost:6379");
 * app.use(session({ store: sessionStore(session, redis), secret: "...", resave: false, saveUninitialized: false }));
 * ```
 *
 * @module
 */
import { type AdapterClient, keysOf, removeAll } from "./client.ts";

export type { AdapterClient } from "./client.ts";

/** The part of a session that the store reads. */
export interface SessionLike {
  /** The cookie, whose expiry is that of the session. */
  readonly cookie?: {
    readonly expires?: Date | string | number | boolean | null;
    readonly [name: string]: unknown;
  };
}

/** The options of a {@linkcode sessionStore}. */
export interface SessionStoreOptions {
  /** Text before each session's id. Default `"sess:"`. */
  readonly prefix?: string;
  /** The lifetime in seconds of a session whose cookie does not expire. Default 86,400 (a day). */
  readonly ttl?: number;
  /** Does not extend the lifetime of sessions that are only read. Default `false`. */
  readonly disableTouch?: boolean;
}

/** A callback of Node's kind. */
// deno-lint-ignore no-explicit-any
export type SessionCallback = (error?: any, result?: any) => void;

/** The methods of a store. Each calls back, and resolves, too. */
export interface SessionStoreMethods {
  /** Gets a session; without one the result is null. */
  get(id: string, callback?: SessionCallback): Promise<void>;
  /** Stores a session; one whose cookie has expired is removed. */
  set(id: string, session: SessionLike, callback?: SessionCallback): Promise<void>;
  /** Extends the lifetime of a session. */
  touch(id: string, session: SessionLike, callback?: SessionCallback): Promise<void>;
  /** Removes a session. */
  destroy(id: string, callback?: SessionCallback): Promise<void>;
  /** Removes all sessions. */
  clear(callback?: SessionCallback): Promise<void>;
  /** Counts the sessions. */
  length(callback?: SessionCallback): Promise<void>;
  /** Gets the ids of all sessions. */
  ids(callback?: SessionCallback): Promise<void>;
  /** Gets all sessions, each with its `id`. */
  all(callback?: SessionCallback): Promise<void>;
}

/** Calls back with what `run` resolves or rejects with. What the callback throws is not caught. */
async function answer(callback: SessionCallback | undefined, run: () => Promise<unknown>): Promise<void> {
  let result: unknown;
  try {
    result = await run();
  } catch (error) {
    if (callback === undefined) throw error;
    return callback(error);
  }
  if (callback === undefined) return;
  if (result === undefined) callback(null);
  else callback(null, result);
}

function methods(client: AdapterClient, options: SessionStoreOptions): SessionStoreMethods {
  const { prefix = "sess:", ttl = 86_400, disableTouch = false } = options;
  const lifetime = ({ cookie }: SessionLike): number => {
    const expires = cookie?.expires;
    if (!expires || expires === true) return ttl * 1_000;
    return Math.ceil(new Date(expires).getTime() - Date.now());
  };
  const ids = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const keys of keysOf(client, prefix)) {
      for (const key of keys) found.push(key.slice(prefix.length));
    }
    return found;
  };
  const all = async (): Promise<object[]> => {
    const sessions: object[] = [];
    for await (const keys of keysOf(client, prefix)) {
      const values = await client.mget(...keys);
      for (const [index, value] of values.entries()) {
        if (value === null) continue;
        sessions.push({ ...JSON.parse(value), id: keys[index]!.slice(prefix.length) });
      }
    }
    return sessions;
  };
  return {
    get: (id, callback) =>
      answer(callback, async () => {
        const value = await client.get(prefix + id);
        return value === null ? null : JSON.parse(value);
      }),
    set: (id, session, callback) =>
      answer(callback, async () => {
        const px = lifetime(session);
        if (px > 0) await client.set(prefix + id, JSON.stringify(session), { px });
        else await client.unlink(prefix + id);
      }),
    touch: (id, session, callback) =>
      answer(callback, async () => {
        if (!disableTouch) await client.pexpire(prefix + id, Math.max(lifetime(session), 0));
      }),
    destroy: (id, callback) => answer(callback, async () => void await client.unlink(prefix + id)),
    clear: (callback) => answer(callback, () => removeAll(client, prefix)),
    length: (callback) => answer(callback, async () => (await ids()).length),
    ids: (callback) => answer(callback, ids),
    all: (callback) => answer(callback, all),
  };
}

/**
 * Makes a store that keeps sessions by a client.
 *
 * @param session the module `express-session`, whose `Store` is the base of the store
 */
export function sessionStore<S extends object>(
  session: { readonly Store: new () => S },
  client: AdapterClient,
  options: SessionStoreOptions = {},
): S & SessionStoreMethods {
  return Object.assign(new session.Store(), methods(client, options));
}
