/**
 * Defects that were made up after the judges, without a look at them.
 *
 * @module
 */
import { plant, type PlantedFault } from "./plant.ts";

/** The defects. */
export const FURTHER: readonly PlantedFault[] = [
  plant(
    "commands behind the first replies of a connection count as sent when it is lost",
    "src/connection/link.ts",
    "fail(one, taken + index < sent",
    "fail(one, index < sent",
  ),
  plant(
    "a command that is sent again over the next connection gets a new limit",
    "src/connection/watchdog.ts",
    "    if (pending.deadline === 0) {\n      pending.deadline =",
    "    {\n      pending.deadline =",
  ),
  plant(
    "a call on a connection of its own forgets that an earlier try may have run",
    "src/client/connections/dedicated_connection.ts",
    '      mayHaveExecuted ||= !(error instanceof RedisError && error.executed === "no");\n',
    "",
  ),
  plant(
    "a command that is retried forgets that an earlier try may have run",
    "src/connection/pending.ts",
    '      if (error instanceof RedisError && error.executed !== "no") this.coldFields.mayHaveExecuted = true;\n',
    "",
  ),
  plant(
    "a connection is replaced although replies are due",
    "src/client/connections/ordered_sender.ts",
    "    if (this.#hold === undefined) this.#closeGate(connection, undefined);\n    else if (this.#hold.quiet) left();",
    "    left();\n    this.#leave = undefined;",
  ),
  plant(
    "a pipeline behind a slow socket is forgotten when the connection is lost",
    "src/connection/link.ts",
    "      else item.fail(lossError(item.head?.command",
    "      else void (lossError(item.head?.command",
  ),
  plant(
    "close() leaves commands that wait for their retry",
    "src/client/connections/ordered_sender.ts",
    "    this.#resend?.rejectAll(error);\n    this.offline",
    "    this.offline",
  ),
  plant(
    "callers that wait for a place are not served when a connect has failed",
    "src/pool/pool.ts",
    "    } catch (error) {\n      this.#changed();\n      throw error;",
    "    } catch (error) {\n      throw error;",
  ),
  plant(
    "a channel that was refused for now is not asked for again",
    "src/client/pubsub/subscription_manager.ts",
    "      for (const subscription of this.#waiting) this.#changed.add(subscription);\n",
    "",
  ),
  plant(
    "an iterator without waiting messages is told of no gap",
    "src/client/pubsub/buffer.ts",
    "    else this.#items.push(gap);",
    "    else if (this.#items.length > 0) this.#items.push(gap);",
  ),
  plant(
    "each message over RESP2 ends its connection",
    "src/connection/subscriber_dispatcher.ts",
    "    if (this.#confirming === 0 && this.subscribed.total === 0) this.#receivesMessages",
    "    if (this.#confirming === 0) this.#receivesMessages",
  ),
  plant(
    "the first subscriber that leaves a channel ends it for all",
    "src/client/pubsub/channel_subscription.ts",
    "this.sinks = this.sinks.filter((other) => other !== sink);",
    "this.sinks = [];",
  ),
  plant(
    "the cache keeps what a flush has removed",
    "src/client/cache/cache.ts",
    "if (!Array.isArray(keys)) return this.clear();",
    "if (!Array.isArray(keys)) return;",
  ),
  plant(
    "a connection is returned to its pool while it watches keys",
    "src/connection/session.ts",
    '    else if (this.watching) commands.push(["UNWATCH"]);\n',
    "",
  ),
  plant(
    "a transaction evicts nothing from the cache when it has run",
    "src/client/cache/own_writes.ts",
    '      changed = typeof queued === "object" ? [...queued] : queued;',
    "      changed = undefined;",
  ),
  plant(
    "a write evicts from the cache when it is sent, and not when it has run",
    "src/client/cache/own_writes.ts",
    "    pending.onSettled(() => forget(changed));\n",
    "",
  ),
  plant(
    "a write does not wait for reads of its key with large replies",
    "src/client/connections/large_reads.ts",
    "    if (key.reads > 0 && !this.#haveRun(key, !plain)) {",
    "    if (plain && key.reads > 0 && !this.#haveRun(key, !plain)) {",
    false,
  ),
  plant(
    "a read with a large reply does not wait for earlier writes",
    "src/client/connections/large_reads.ts",
    "    return drained || connection.align(until, link, position(link)) ? connection : undefined;",
    "    void [drained, position];\n    return connection;",
    false,
  ),
  plant(
    "calls that are held for a slot run before refused ones",
    "src/cluster/routing/slot_queue.ts",
    "    if (this.#closed || this.#awaited.size > 0 || this.#delayed !== undefined) return;",
    "    if (this.#closed || this.#delayed !== undefined) return;",
    true,
    "cluster",
  ),
  plant(
    "refused commands of a slot are sent in the wrong order",
    "src/cluster/routing/slot_queue.ts",
    "      .sort((a, b) => a.order - b.order);",
    "      .sort((a, b) => b.order - a.order);",
    true,
    "cluster",
  ),
  plant(
    "a command in the queue of its slot has no deadline",
    "src/cluster/routing/slot_queue.ts",
    "    if (pending.deadline !== 0) this.#deadlines.note(pending.deadline);\n",
    "",
    true,
    "cluster",
  ),
  plant(
    "the cluster keeps the listeners of each acquire",
    "src/cluster/connections/acquire_from_node.ts",
    "    cluster.unlisten(listener);\n    clock",
    "    clock",
    true,
    "cluster",
  ),
];
