/**
 * Programs that consume streams.
 *
 * @module
 */
import { RedisError, type StreamMessage } from "../../mod.ts";
import type { ConsumerRecord } from "./history.ts";
import { GROUP } from "./judges/streams.ts";
import type { Consume } from "./scenario.ts";
import type { World } from "./world.ts";

/** Begins to consume; ends with its time or with the client. */
export function beginConsumer(world: World, action: Consume & { readonly client: number }): void {
  const { client, id, stream, consumer, handler, count, block, work, claim, until } = action;
  const { redis } = world.clients[client]!;
  const record: ConsumerRecord = {
    id,
    client,
    stream,
    consumer,
    claims: claim !== undefined,
    began: world.event("began", id),
    got: [],
    acked: [],
    ended: Infinity,
    failed: undefined,
  };
  world.history.consumers.push(record);
  const over = (): boolean => record.ended !== Infinity;
  const take = async (message: StreamMessage): Promise<boolean> => {
    const number = parseInt(message.fields.f!, 10);
    const { origin, deliveries } = message;
    (record.got as unknown[]).push({ id: number, event: world.event("got", number), origin });
    if (work > 0) await world.time.sleep(work);
    return claim === undefined || deliveries > 1 || number % 5 !== 0;
  };
  /** Acknowledges, and again until a server has answered. */
  const ack = async (message: StreamMessage): Promise<void> => {
    for (;;) {
      try {
        const number = parseInt(message.fields.f!, 10);
        if (await message.ack()) {
          (record.acked as unknown[]).push({ id: number, event: world.event("acked", number) });
        }
        return;
      } catch (error) {
        if (over() || (error instanceof RedisError && error.code === "CLOSED")) return;
        await world.time.sleep(100);
      }
    }
  };
  const options = {
    stream,
    group: GROUP,
    consumer,
    count,
    block,
    ...claim !== undefined && { claim: { minIdle: claim } },
    ...until !== undefined && { signal: world.signal(until) },
  };
  if (until !== undefined) {
    world.time.later(until, () => record.ended = Math.min(record.ended, world.event("ended", id)));
  }
  const iterate = async (): Promise<void> => {
    for await (const message of redis.consume(options)) {
      if (await take(message)) await ack(message);
      else await message.nack(50).catch(() => {});
    }
  };
  const handle = (): Promise<void> =>
    redis.consume({ ...options, retryDelay: 50, concurrency: 2 }, async (message) => {
      if (!await take(message)) throw new Error("not today");
      await ack(message);
    });
  world.loading();
  (handler ? handle() : iterate()).then(
    () => record.ended = Math.min(record.ended, world.event("ended", id)),
    (error) => record.failed = error,
  );
}
