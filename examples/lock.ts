/**
 * A lock with a fencing token.
 *
 * A lock with a time limit cannot guarantee that its holder still holds it: a process may be suspended past the
 * limit. So each holder gets a number, higher than all before, and sends it with its writes. The storage refuses a
 * number lower than the highest it has seen. Here the storage is Redis itself, in `writeFenced`.
 *
 * @module
 */
import { createScript, type Redis } from "../mod.ts";

const acquireScript = createScript<number | null>(
  `if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return redis.call('INCR', KEYS[2]) end`,
  { numberOfKeys: 2 },
);
const releaseScript = createScript<number>(
  `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`,
  { numberOfKeys: 1 },
);
const writeScript = createScript<number>(
  `if tonumber(ARGV[2]) < tonumber(redis.call('HGET', KEYS[1], 'token') or 0) then return 0 end
  redis.call('HSET', KEYS[1], 'value', ARGV[1], 'token', ARGV[2])
  return 1`,
  { numberOfKeys: 1 },
);

/** A lock that is held. */
export interface Lock {
  /** Higher than that of all who held it before. */
  readonly token: number;
  /** Gives it back; resolves with `false` when it had run out before. */
  release(): Promise<boolean>;
}

/** Takes a lock for at most `duration` milliseconds. Returns `undefined` if another process holds it. */
export async function tryLock(redis: Redis, name: string, duration: number): Promise<Lock | undefined> {
  const key = `{lock:${name}}`;
  const owner = crypto.randomUUID();
  const token = await redis.execute(acquireScript([key, `${key}:token`], [owner, duration]));
  if (token === null) return undefined;
  return {
    token,
    release: async () => await redis.execute(releaseScript([key], [owner])) === 1,
  };
}

/** Writes for the holder of a lock; `false` when a later holder has written already. */
export async function writeFenced(redis: Redis, key: string, value: string, token: number): Promise<boolean> {
  return await redis.execute(writeScript([key], [value, token])) === 1;
}
