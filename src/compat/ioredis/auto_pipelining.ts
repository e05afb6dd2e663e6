/**
 * Auto-pipelining: commands of one turn of the event loop become one pipeline.
 *
 * @module
 */
import { slotOf } from "../../cluster/routing/slot.ts";
import { isReadOnly, keyPlaces } from "./command_table.ts";
import { asCallback, type Callback, noop } from "./support.ts";

const NOT_ALLOWED: ReadonlySet<string> = new Set([
  "auth",
  "info",
  "script",
  "quit",
  "cluster",
  "pipeline",
  "multi",
  "subscribe",
  "psubscribe",
  "unsubscribe",
  "unpsubscribe",
  "select",
  "client",
  "hello",
  "readonly",
  "himport",
]);

/** A pipeline that collects the commands of a turn. */
export interface AutoPipeline {
  /** The callbacks of its commands. */
  callbacks: Callback[];
  /** Whether it is to be executed. */
  scheduled: boolean;
  /** The pipeline. */
  // deno-lint-ignore no-explicit-any
  readonly pipeline: any;
}

// deno-lint-ignore no-explicit-any
type Client = any;

/** The number of commands that pipelines collect. */
export function queueSize(pipelines: ReadonlyMap<string, AutoPipeline>): number {
  let size = 0;
  for (const { pipeline } of pipelines.values()) size += pipeline.length;
  return size;
}

/** Whether a call becomes part of a pipeline. */
export function shouldUseAutoPipelining(client: Client, method: string | null, command: string): boolean {
  const { options } = client;
  return method !== null && options.enableAutoPipelining && !client.isPipeline &&
    !NOT_ALLOWED.has(command) && !options.autoPipeliningIgnoredCommands.includes(command);
}

function firstKey(command: string, args: readonly unknown[]): unknown {
  const flat = args.flat();
  const [place] = keyPlaces(command, flat);
  return flat[place ?? 0];
}

function groupOf(client: Client, command: string, args: readonly unknown[]): string {
  if (!client.isCluster) return "main";
  const prefix = client.options.keyPrefix ?? "";
  const nodes = client.slots[slotOf(`${prefix}${firstKey(command, args)}`)] as readonly string[] | undefined;
  const group = nodes?.join(",") ?? "";
  if (client.options.scaleReads === "master") return group;
  return `${group}:${isReadOnly(command) ? "read" : "write"}`;
}

/** Runs a call as part of the pipeline of its turn. */
export function executeWithAutoPipelining(
  client: Client,
  method: string,
  command: string,
  // deno-lint-ignore no-explicit-any
  args: any[],
  callback?: Callback | null,
): Promise<unknown> {
  // A cluster must know its slots first.
  if (client.isCluster && !client.slots.length) {
    if (client.status === "wait") client.connect().catch(noop);
    const waiting = new Promise((resolve, reject) => {
      client.delayUntilReady((error?: Error) => {
        if (error) return reject(error);
        executeWithAutoPipelining(client, method, command, args).then(resolve, reject);
      });
    });
    return asCallback(waiting, callback);
  }
  const group = groupOf(client, command, args);
  const running: Map<string, AutoPipeline> = client._autoPipelines;
  let auto = running.get(group);
  if (auto === undefined) {
    auto = { callbacks: [], scheduled: false, pipeline: client.pipeline() };
    running.set(group, auto);
  }
  if (!auto.scheduled) {
    auto.scheduled = true;
    // The pipeline includes calls from event handlers of the same turn.
    setImmediate(execute, client, group);
  }
  const { callbacks, pipeline } = auto;
  const promise = new Promise((resolve, reject) => {
    callbacks.push((error, value) => error ? reject(error) : resolve(value));
    if (method === "call" || method === "callBuffer") args.unshift(command);
    // A script may be defined after the pipeline was made.
    (pipeline[method] ?? client[method]).apply(pipeline, args);
  });
  return asCallback(promise, callback);
}

function execute(client: Client, group: string): void {
  const running: Map<string, AutoPipeline> = client._autoPipelines;
  const executing: Set<string> = client._runningAutoPipelines;
  const auto = running.get(group);
  // A group executes one pipeline at a time, while the next one collects calls.
  if (auto === undefined || executing.has(group)) return;
  executing.add(group);
  running.delete(group);
  const { callbacks, pipeline } = auto;
  pipeline.exec((error: Error | null, results: [Error | null, unknown][]) => {
    executing.delete(group);
    callbacks.forEach((callback, index) => {
      if (error) callback(error);
      else callback(...results[index]!);
    });
    if (running.has(group)) execute(client, group);
  });
}
