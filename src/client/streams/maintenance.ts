/**
 * Maintenance of a stream by its consumers: removes entries that are done with, and consumers that have gone.
 *
 * @module
 */
import type { ConsumerInfo, GroupInfo, PendingSummary } from "../../commands/reply_types.ts";
import { text } from "../../commands/replies.ts";
import { script } from "../../commands/script.ts";
import { xinfoConsumers, xinfoGroups, xpending, xtrim } from "../../commands/functions.ts";
import { minId, nextId } from "./entry_id.ts";
import type { ResolvedConsumeOptions } from "./options.ts";
import type { StreamGroup } from "./stream_group.ts";

// XGROUP DELCONSUMER forgets the consumer's pending messages, so nothing may be delivered between check and removal.
const REMOVE_CONSUMER = `
for _, c in ipairs(redis.call("XINFO", "CONSUMERS", KEYS[1], ARGV[1])) do
  local info = {}
  for i = 1, #c, 2 do info[c[i]] = c[i + 1] end
  if info.name == ARGV[2] and info.pending == 0 and info.idle >= tonumber(ARGV[3]) then
    redis.call("XGROUP", "DELCONSUMER", KEYS[1], ARGV[1], ARGV[2])
    return 1
  end
end
return 0`;

/** Trims the stream and removes idle consumers, as the options define. */
export async function maintain(group: StreamGroup, options: ResolvedConsumeOptions): Promise<void> {
  const { trimEvery, removeIdleAfter, streams } = options;
  for (const stream of streams) {
    if (removeIdleAfter > 0) await removeIdle(group, options, stream);
    if (trimEvery > 0) await trim(group, stream);
  }
}

/** Removes consumers that are idle and have nothing pending. */
async function removeIdle(
  group: StreamGroup,
  { group: name, consumer, removeIdleAfter }: ResolvedConsumeOptions,
  stream: string,
): Promise<void> {
  const consumers = await group.ask(xinfoConsumers(stream, name)) as ConsumerInfo<Uint8Array>[];
  const gone = consumers.filter((one) =>
    text(one.name) !== consumer && one.pending === 0 && one.idle >= removeIdleAfter
  );
  for (const one of gone) {
    await group.ask(
      script(REMOVE_CONSUMER, { keys: [stream], args: [name, one.name, removeIdleAfter] }),
    );
  }
}

/** Removes the entries that every group has been delivered and has acknowledged. */
async function trim(group: StreamGroup, stream: string): Promise<void> {
  const groups = await group.ask(xinfoGroups(stream)) as GroupInfo<Uint8Array>[];
  let until: string | undefined;
  for (const { name, pending, "last-delivered-id": last } of groups) {
    // Queried after the list of groups: messages that became pending since are behind the last delivered id.
    const { min } = pending === 0 ? { min: null } : await group.ask(xpending(stream, name)) as PendingSummary;
    const first = min ?? nextId(text(last));
    until = until === undefined ? first : minId(until, first);
  }
  if (until !== undefined) await group.ask(xtrim(stream, { minid: ["~", until] }));
}
