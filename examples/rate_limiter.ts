/**
 * A rate limiter: a maximum number of calls in each window of time, over all processes that share the server.
 *
 * It is a sliding window over two counters, of this window and the one before. So it does not allow twice the number
 * at the border of two windows, and stores no entry for each call. It is one script, so it is atomic.
 *
 * @module
 */
import { createScript, type Redis } from "../mod.ts";

const take = createScript<number>(
  `local now = redis.call('TIME')
  local milliseconds = now[1] * 1000 + math.floor(now[2] / 1000)
  local window = tonumber(ARGV[2])
  local current = math.floor(milliseconds / window)
  local key = KEYS[1] .. ':' .. current % 2
  local past = KEYS[1] .. ':' .. (current + 1) % 2
  local function count(key, number)
    local found = redis.call('HMGET', key, 'window', 'count')
    return found[1] == tostring(number) and tonumber(found[2]) or 0
  end
  local here = count(key, current)
  local share = 1 - (milliseconds % window) / window
  if here + count(past, current - 1) * share >= tonumber(ARGV[1]) then return -1 end
  redis.call('HSET', key, 'window', current, 'count', here + 1)
  redis.call('PEXPIRE', key, window * 2)
  return here + 1`,
  { numberOfKeys: 1 },
);

/**
 * Returns whether one more call of `name` is allowed, and counts it.
 *
 * @param limit the maximum number of calls in a window
 * @param window the length of a window in milliseconds
 */
export async function allow(redis: Redis, name: string, limit: number, window: number): Promise<boolean> {
  // The braces keep both counters in one slot of a cluster.
  return await redis.execute(take([`{rate:${name}}`], [limit, window])) > 0;
}
