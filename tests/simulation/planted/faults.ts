/**
 * Defects to plant: each undoes a fix, or breaks a promise in a way of its own. The simulator must find those that are
 * marked as found.
 *
 * @module
 */

import type { TopologyName } from "../scenario.ts";

/** A defect, as an edit of one file. */
export interface PlantedFault {
  readonly name: string;
  readonly file: string;
  /** What stands there, once. */
  readonly find: string;
  readonly replace: string;
  /** Whether a few hundred worlds find it; the others wait for worlds that can show them. */
  readonly found: boolean;
  /** The worlds that are looked through. */
  readonly topology: TopologyName;
}

function plant(
  name: string,
  file: string,
  find: string,
  replace: string,
  found: boolean = true,
  topology: TopologyName = "standalone",
): PlantedFault {
  return { name, file, find, replace, found, topology };
}

/** All defects. */
export const PLANTED: readonly PlantedFault[] = [
  plant(
    "commands that expire behind a slow socket are sent all the same",
    "src/connection/output.ts",
    "    this.#dropStaged();\n    this.#encodeUnsent();",
    "    this.staged = 0;\n    this.#encodeUnsent();",
  ),
  plant(
    "an expired command in the queue of unsent ones is encoded",
    "src/connection/watchdog.ts",
    "    if (expired) unsent.sweep();",
    "    if (expired) next = Math.min(next, now + 1_000);",
    false,
  ),
  plant(
    "what was sent last counts as not sent",
    "src/connection/link.ts",
    'taken + index < sent ? "unknown" : "no"',
    'taken + index + 1 < sent ? "unknown" : "no"',
  ),
  plant(
    "what was never sent counts as unknown, and what was sent is repeated",
    "src/retry.ts",
    'return executed === "no" || context.readonly || policy.unsafe;',
    'return executed !== "yes" || context.readonly || policy.unsafe;',
  ),
  plant(
    "a command that timed out gives its place to the next one's reply",
    "src/connection/reply_dispatcher.ts",
    "    const head = this.queue.shift();\n    if (head === undefined) throw unsolicitedReply(0);",
    "    while (this.queue.peek()?.done === true && this.queue.length > 1) this.queue.shift();\n    const head = this.queue.shift();\n    if (head === undefined) throw unsolicitedReply(0);",
  ),
  plant(
    "refused commands go out behind later ones",
    "src/client/connections/ordered_sender.ts",
    "[...this.resend.drain(), ...this.offline.drain()];\n    this.#open",
    "[...this.offline.drain(), ...this.resend.drain()];\n    this.#open",
  ),
  plant(
    "a refused command is repeated although a later one has run",
    "src/client/connections/retry_hold.ts",
    "if (place >= (isReadonly(pending) ? wrote : ran)) continue;",
    "if (place >= -1) continue;",
  ),
  plant(
    "commands that wait for their retry are overtaken",
    "src/client/connections/ordered_sender.ts",
    "      this.#closeGate(this.#open!, error);",
    "      void error;",
  ),
  plant(
    "the transaction of watch() is repeated without watching",
    "src/client/pipeline/watch.ts",
    "const call = { ...this.#call, retry: NEVER };",
    "const call = this.#call;\n    void NEVER;",
  ),
  plant(
    "a transaction that was not sent runs behind later calls",
    "src/client/pipeline/transaction_attempt.ts",
    'if (ended instanceof RedisError && ended.executed === "no" && this.#recover(ended)) return;',
    "",
  ),
  plant(
    "a transaction that was refused is told as unknown",
    "src/client/pipeline/watch.ts",
    'if (!(error instanceof PipelineError) || error.executed !== "no") throw error;',
    'if (!(error instanceof PipelineError)) throw error;\n        if (error.code === "WATCH_CONFLICT") return undefined as never;',
  ),
  plant(
    "a subscription is ready before all its channels are",
    "src/client/pubsub/subscription.ts",
    'if (topic.state !== "on") this.#waiting.add(topic);\n  }',
    'if (topic.state !== "on") this.#waiting.add(topic);\n    else if (this.#waiting.size === 0) this.#became();\n  }',
  ),
  plant(
    "no gap is told after a loss",
    "src/client/pubsub/channel_subscription.ts",
    "for (const sink of this.sinks) sink.confirmed(this, gap);",
    "for (const sink of this.sinks) sink.confirmed(this, gap && undefined);",
  ),
  plant(
    "subscriptions do not come back",
    "src/client/pubsub/subscription_manager.ts",
    "for (const topic of this.topics()) this.#changed.add(topic);\n    this.#synchronize();",
    "this.#synchronize();",
  ),
  plant(
    "messages are delivered to a subscription that is not confirmed",
    "src/client/pubsub/subscription_manager.ts",
    'if (topic === undefined || topic.state !== "on") return;',
    "if (topic === undefined) return;",
    false,
  ),
  plant(
    "a message is delivered twice",
    "src/client/pubsub/subscription_manager.ts",
    "for (let index = 0; index < sinks.length; index++) {\n      sinks[index]!.message",
    "for (let index = 0; index <= sinks.length; index++) {\n      sinks[index % sinks.length]!.message",
  ),
  plant(
    "invalidations are ignored",
    "src/client/cache/cache.ts",
    "for (const key of keys) this.#forget(keyOfReply(key));",
    "void keyOfReply;",
  ),
  plant(
    "cached values outlive their connection",
    "src/client/cache/cache.ts",
    "      current = undefined;\n      this.clear();\n    };",
    "      current = undefined;\n    };",
    false,
  ),
  plant(
    "cached values outlive their time",
    "src/client/cache/cache.ts",
    "flight.expires = Math.min(flight.expires, sent + left);",
    "void left;",
    true,
  ),
  plant(
    "own writes are not read",
    "src/client/cache/cache.ts",
    '    if (keys === "all") this.clear();\n    else for (const key of keys) this.#forget(key);',
    '    if (keys === "all") this.clear();',
    false,
  ),
  plant(
    "a read that an invalidation overtook is kept",
    "src/client/cache/cache.ts",
    "if (!flight.stale && this.#active) this.#keep(flight, reply);",
    "if (this.#active) this.#keep(flight, reply);",
  ),
  plant(
    "deadlines behind the first command are not looked at",
    "src/connection/watchdog.ts",
    "      if (pending.deadline > now) {\n        if (pending.deadline < next) next = pending.deadline;\n        continue;",
    "      if (pending.deadline > now) {\n        if (pending.deadline < next) next = pending.deadline;\n        break;",
  ),
  plant(
    "commands that wait for a connection have no deadline",
    "src/client/connections/offline_queue.ts",
    "    this.#deadlines.note(pending.deadline);",
    "    void this.#deadlines;",
  ),
  plant(
    "a silent peer is never given up",
    "src/connection/watchdog.ts",
    "    if (end > now) {",
    "    if (end > -1) {",
  ),
  plant(
    "an idle connection is not probed, so subscriptions on a dead one stay there",
    "src/connection/health_check_timer.ts",
    "this.#timer = this.#clock.setTimeout(() => this.#wake(), Math.ceil(delay));",
    "void delay;",
  ),
  plant(
    "a place of the pool is forgotten when a connection is lost",
    "src/pool/leases.ts",
    "    this.#held.delete(connection);\n    this.#lost.set(connection, lease);",
    "    this.#lost.set(connection, lease);",
  ),
  plant(
    "the pool opens one connection too many",
    "src/pool/pool.ts",
    "return this.options.maxConnections - idle",
    "return this.options.maxConnections + 1 - idle",
  ),
  plant(
    "waiters keep their listeners",
    "src/pool/waiters.ts",
    '      signal?.removeEventListener("abort", abort);',
    "      void abort;",
  ),
  plant(
    "commands keep listening to their signal",
    "src/connection/abort_group.ts",
    "if (--this.#waiting === 0) {",
    "if (--this.#waiting === -1) {",
  ),
  plant(
    "the memory of a write is used again before the socket has taken it",
    "src/connection/output.ts",
    "    this.#blocked = this.busy = true;\n    taken.then(",
    "    this.encoder.give(lent);\n    this.#blocked = this.busy = true;\n    taken.then(",
  ),
  plant(
    "a queue for a stalled peer stays full",
    "src/connection/link.ts",
    "    if (!this.#output.busy || !this.#isFull || !this.#stall.stalled) return false;",
    "    if (!this.#isFull) return false;",
    false,
  ),
  plant(
    "a client that is closed leaves its connection open",
    "src/client/connections/multiplexed_connection.ts",
    "    if (connection !== undefined) await this.#retire(connection);",
    "    if (connection !== undefined) void this.#retire;",
    false,
  ),
  plant(
    "close() waits for ever for the first connection",
    "src/client/connections/multiplexed_connection.ts",
    'if (connecting) this.#stop.abort(this.#closed("connect"));',
    "",
    false,
  ),
  plant(
    "a barrier on a dead connection waits for ever",
    "src/client/connections/retry_hold.ts",
    "DecodeMode.text, commandTimeout, sink);",
    "DecodeMode.text, 0, sink);\n  void commandTimeout;",
    false,
  ),
  plant(
    "an aborted transaction looks at commands that are gone",
    "src/connection/output.ts",
    "    this.#backlogBytes = this.staged = 0;",
    "    this.#backlogBytes = 0;",
    false,
  ),
  plant(
    "the last command on its way counts as unsent when it expires",
    "src/connection/watchdog.ts",
    "index < queue.length - output.staged ?",
    "index < queue.length - Math.max(output.staged, 1) ?",
  ),
  plant(
    "a cluster's transaction that is refused at once is sent again at once",
    "src/cluster/commands/transaction.ts",
    "      if (submitting && first instanceof RedisError) return pending.reject(first);",
    "      void submitting;",
    true,
    "cluster",
  ),
  plant(
    "an aborted pipeline is sent again",
    "src/cluster/commands/pipeline.ts",
    "    if (signal?.aborted) return false;",
    "",
    true,
    "cluster",
  ),
  plant(
    "a pipeline without a shared connection does not wait for the topology",
    "src/cluster/commands/executor.ts",
    'if (!this.#multiplex) rest = await awaitTopology(this.#cluster, "A pipeline", call);',
    "rest = await Promise.resolve(call);",
    true,
    "cluster",
  ),
  plant(
    "a sharded subscriber displaces those whose channel is about to move",
    "src/client/pubsub/subscription_registry.ts",
    "if (left !== undefined) other.handOver(left, manager);",
    "void left;",
    true,
    "cluster",
  ),
  plant(
    "a command for a slot without a node has no deadline",
    "src/cluster/routing/router.ts",
    "    pending.startDeadline(this.#cluster.options.connection.clock);",
    "",
    true,
    "cluster",
  ),
  plant(
    "ASK is followed without ASKING",
    "src/cluster/routing/router.ts",
    "      node.shared.resubmit(first);",
    "      first.resolve(undefined as never);",
    false,
    "cluster",
  ),
  plant(
    "calls for a slot that is being redirected are not held",
    "src/cluster/routing/router.ts",
    "      if (queue !== undefined) return queue.hold(pending);",
    "      void queue;",
    false,
    "cluster",
  ),
  plant(
    "a refused command runs behind a later one with its key",
    "src/cluster/routing/slot_queue.ts",
    "      if (error instanceof ReplyError && used.conflictsWith(earlier)) earlier.reject(overtaken(error));",
    "      void [error, used, earlier, overtaken, ReplyError];",
    true,
    "cluster",
  ),
  plant(
    "sharded channels that the server withdraws stay where they were",
    "src/client/pubsub/subscription_manager.ts",
    "    topic.interrupt(gap);\n    this.note(topic);\n  }\n\n  #lookSettled",
    "  }\n\n  #lookSettled",
    false,
    "cluster",
  ),
  plant(
    "the first read from replicas has no limit",
    "src/sentinel/replica_reader.ts",
    "      await abortable(looked, limit.signal);",
    "      await looked;\n      void abortable;",
    true,
    "sentinel",
  ),
  plant(
    "a demoted master is not left",
    "src/client/connections/multiplexed_connection.ts",
    "    if (this.#pool.misplaced(error, connection)) {",
    "    if (this.#pool.misplaced(error, undefined) && false) {",
    false,
    "sentinel",
  ),
  plant(
    "once() runs what it has a record of",
    "src/client/once/once_script.ts",
    "if not redis.call('SET', record, '', 'NX', 'PX', ARGV[1]) then",
    "if not redis.call('SET', record, '', 'PX', ARGV[1]) then",
    true,
    "standalone",
  ),
  plant(
    "messages of a lost reply are not fetched",
    "src/client/streams/group_reader.ts",
    "    this.#startOver();\n    this.#delay =",
    "    this.#passDelay = this.#passAt = Infinity;\n    this.#delay =",
  ),
  plant(
    "messages of a consumer that has ended are not claimed",
    "src/client/streams/group_reader.ts",
    "else if (clock.now() >= this.#claimAt) messages",
    "else if (clock.now() === -1) messages",
  ),
  plant(
    "acknowledgements are not sent",
    "src/client/streams/group_reader.ts",
    "const count = await this.group.ack(stream, ids);",
    "const count = await Promise.resolve(ids.length);",
  ),
  plant(
    "pending messages in hand are fetched again",
    "src/client/streams/group_reader.ts",
    "return !held.has(id);",
    "return true;",
  ),
  plant(
    "a group that a restart has lost is not created again",
    "src/client/streams/group_reader.ts",
    'const gone = reply === "NOGROUP" &&',
    'const gone = reply === "NOGROUP!" &&',
  ),
  plant(
    "a script that the server has forgotten is not sent whole",
    "src/client/commands/scripts.ts",
    'if (error.code === "NOSCRIPT" && !resends)',
    'if (error.code === "NOSCRIPT" && resends)',
  ),
  plant(
    "scripts of pipelines are sent by their digests only",
    "src/client/commands/scripts.ts",
    "    made[index] = (command as ScriptCommand).whole;",
    "    void (command as ScriptCommand);",
  ),
  plant(
    "patterns do not come back after a loss",
    "src/client/pubsub/subscription_manager.ts",
    "for (const topic of this.topics()) this.#changed.add(topic);\n    this.#synchronize();",
    'for (const topic of this.topics()) if (topic.kind !== "pattern") this.#changed.add(topic);\n    this.#synchronize();',
  ),
  plant(
    "too few replicas are enough",
    "src/client/commands/acknowledgement.ts",
    "if (count < replicas) throw",
    "if (count < 0) throw",
    true,
    "sentinel",
  ),
  plant(
    "replicas that are behind count as having a write",
    "src/client/commands/replication_wait.ts",
    "Number(offset) >= target",
    "Number(offset) >= Math.min(target, 0)",
    true,
    "cluster",
  ),
  plant(
    "a command that timed out and whose node has failed is told as not run",
    "src/cluster/redirection/redirect_attempts.ts",
    "throw doubtful ? failure : failedError(name, node);",
    "throw failedError(name, node);",
    true,
    "cluster",
  ),
];
