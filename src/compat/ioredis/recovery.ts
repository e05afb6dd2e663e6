/**
 * Handles the end of a connection and the start of the next one: decides which commands are sent again.
 *
 * @module
 */
import { Command } from "./command.ts";
import { isReadOnly } from "./command_table.ts";
import { AbortError, MaxRetriesPerRequestError } from "./errors.ts";
import type { Client } from "./client.ts";
import type { SubscriptionSet } from "./subscription_set.ts";
import { CONNECTION_CLOSED_ERROR_MSG, noop } from "./support.ts";
import type { CommandItem } from "./wire.ts";

function abort(command: Command): void {
  const error = new AbortError("Command aborted due to connection close");
  error.command = { name: command.name, args: command.args };
  command.reject(error);
}

/** Rejects the rest of pipelines that were partly answered. Complete ones can be sent again. */
function withoutBrokenPipelines(queue: readonly CommandItem[]): CommandItem[] {
  let expected = 0;
  return queue.filter(({ command }) => {
    const { pipelineIndex } = command;
    if (pipelineIndex === undefined || pipelineIndex === 0) expected = 0;
    if (pipelineIndex === undefined || pipelineIndex === expected++) return true;
    abort(command);
    return false;
  });
}

/** Rejects the rest of a transaction at the head of the offline queue. */
function withoutTransactionFragments(queue: readonly CommandItem[]): CommandItem[] {
  const kept: CommandItem[] = [];
  for (let index = 0; index < queue.length; index++) {
    const { command } = queue[index]!;
    if (command.name === "multi") return [...kept, ...queue.slice(index)];
    if (command.name === "exec") {
      abort(command);
      return [...kept, ...queue.slice(index + 1)];
    }
    if (command.inTransaction) abort(command);
    else kept.push(queue[index]!);
  }
  return kept;
}

/** With `strict`, rejects commands that may have run and are not read-only. */
function onlyHarmless(queue: readonly CommandItem[]): CommandItem[] {
  return queue.filter(({ command, executed }) => {
    if (executed === "no" || isReadOnly(command.name)) return true;
    const error = new AbortError(
      `Cannot tell whether ${command.name.toUpperCase()} ran: the connection ended after it was sent`,
    );
    error.command = { name: command.name, args: command.args };
    command.reject(Object.assign(error, { executed: "unknown", code: "LOST" }));
    return false;
  });
}

/** The connection has ended: reconnects, or ends the client. */
export function closed(redis: Client, lost: readonly CommandItem[]): void {
  const { status, options } = redis;
  redis.setStatus("close");
  let queue = withoutBrokenPipelines(lost);
  if (options.strict) queue = onlyHarmless(queue);
  redis.offlineQueue = withoutTransactionFragments(redis.offlineQueue);
  if (status === "ready" || status === "monitoring") {
    redis.prevCondition ??= redis.condition;
    if (queue.length > 0) redis.prevCommandQueue = queue;
  }
  // Commands in flight are rejected with the others when the client ends, or at the limit of attempts.
  redis.lostCommands = queue;
  const end = (): void => {
    redis.setStatus("end");
    redis.flushQueue(new Error(CONNECTION_CLOSED_ERROR_MSG));
  };
  if (redis.manuallyClosing) {
    redis.manuallyClosing = false;
    return end();
  }
  if (typeof options.retryStrategy !== "function") return end();
  const delay = options.retryStrategy(++redis.retryAttempts);
  if (typeof delay !== "number") return end();
  redis.setStatus("reconnecting", delay);
  redis.reconnectTimeout = setTimeout(() => {
    redis.reconnectTimeout = null;
    redis.connect().catch(noop);
  }, delay);
  const { maxRetriesPerRequest: most } = options;
  if (typeof most !== "number" || most < 0) return;
  if (redis.retryAttempts % (most + 1) === 0) redis.flushQueue(new MaxRetriesPerRequestError(most));
}

/** Called when the connection is ready: subscribes again, and sends waiting commands. */
export function ready(redis: Client): void {
  redis.setStatus("ready");
  redis.retryAttempts = 0;
  const { options } = redis;
  if (options.monitor) return startMonitor(redis);
  const previous = redis.prevCondition;
  redis.prevCondition = null;
  const select = previous?.select ?? redis.condition!.select;
  if (previous?.subscriber && options.autoResubscribe) resubscribe(redis, previous.subscriber, select);
  const unfulfilled = redis.prevCommandQueue;
  redis.prevCommandQueue = null;
  redis.lostCommands = [];
  if (unfulfilled !== null) {
    if (options.autoResendUnfulfilledCommands) sendAll(redis, unfulfilled);
    // In ioredis the others never settle; here they are rejected.
    else rejectAll(unfulfilled);
  }
  const offline = redis.offlineQueue;
  redis.resetOfflineQueue();
  sendAll(redis, offline);
  if (redis.condition!.select !== select) redis.select(select).catch(noop);
}

function rejectAll(items: readonly CommandItem[]): void {
  for (const { command } of items) abort(command);
}

function resubscribe(redis: Client, subscriber: SubscriptionSet, select: number | undefined): void {
  // Under RESP2 a connection that is subscribed takes no SELECT.
  if (redis.condition!.select !== select) redis.select(select).catch(noop);
  for (const command of ["subscribe", "psubscribe"] as const) {
    const channels = subscriber.channels(command);
    if (channels.length > 0) redis[command](channels).catch(noop);
  }
  for (const channel of subscriber.channels("ssubscribe")) redis.ssubscribe(channel).catch(noop);
}

/** Sends commands, each in the database that was selected when it was called. */
function sendAll(redis: Client, items: readonly CommandItem[]): void {
  for (const { command, stream, select } of items) {
    if (redis.options.strict && command.isSettled) continue;
    if (select !== redis.condition!.select && command.name !== "select") redis.select(select).catch(noop);
    redis.sendCommand(command, stream);
  }
}

function startMonitor(redis: Client): void {
  (redis.call("monitor") as Promise<unknown>).then(
    () => redis.setStatus("monitoring"),
    (error) => redis.emit("error", error),
  );
  const { sendCommand } = redis;
  redis.sendCommand = function (command: Command) {
    if (Command.checkFlag("VALID_IN_MONITOR_MODE", command.name)) return sendCommand.call(redis, command);
    command.reject(new Error("Connection is in monitoring mode, can't process commands."));
    return command.answer;
  };
  redis.once("close", () => {
    delete (redis as { sendCommand?: unknown }).sendCommand;
  });
}
