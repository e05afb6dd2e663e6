/**
 * A client's commands whose replies get lost.
 *
 * @module
 */
import { ConnectionError, type Redis } from "../../mod.ts";
import type { Call, Executor } from "../../src/client/executor.ts";
import type { ConsumeTarget } from "../../src/client/streams/group_reader.ts";
import type { Command } from "../../src/commands/command.ts";

/** A client as consumers see it, where `loses` decides which replies are lost: the command has still run. */
export function lossy(redis: Redis, loses: (name: string) => boolean): ConsumeTarget {
  const { core } = redis as unknown as { core: ConsumeTarget };
  const { executor } = core;
  const execute = async (command: Command, call: Call): Promise<unknown> => {
    const reply = await executor.execute(command, call);
    if (!loses(command.spec.name)) return reply;
    // What the client does with `unsafe`: the caller gets the reply of the repetition.
    if (call.retry.unsafe) return await executor.execute(command, call);
    throw new ConnectionError("Lost", { code: "LOST", executed: "unknown" });
  };
  const wrapped = {
    execute,
    executeAll: executor.executeAll.bind(executor),
    get closed() {
      return executor.closed;
    },
  } as unknown as Executor;
  const reconnect = { attempts: Infinity, backoff: { delay: () => 1 } };
  return { executor: wrapped, call: core.call, options: { clock: core.options.clock, reconnect } };
}

/** Loses the first reply to a command of this name. */
export function once(name: string): (name: string) => boolean {
  let lost = false;
  return (given) => !lost && given === name && (lost = true);
}
