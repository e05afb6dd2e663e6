/**
 * SLOWLOG and LATENCY.
 *
 * @module
 */
import { integerIn } from "../numbers.ts";
import type { CommandGroup } from "../registry.ts";
import { MapReply, OK, type ReplyValue, unknownSubcommand, Verbatim } from "../reply.ts";
import { slowLogOf } from "../slow_log.ts";
import type { Session } from "../state.ts";

function get(session: Session, args: string[]): ReplyValue {
  if (args.length > 3) throw unknownSubcommand(args, "SLOWLOG");
  const most = args.length > 2
    ? integerIn(args[2]!, -1, Infinity, "count should be greater than or equal to -1")
    : 10;
  const { entries } = slowLogOf(session.server);
  return entries.slice(0, most < 0 ? undefined : most).map((one) => [
    one.id,
    one.at,
    one.duration,
    [...one.args],
    one.address,
    one.client,
  ]);
}

/** Calls by the time that they took at most: they are not timed one by one, so all are in the first class. */
function histogram(session: Session, args: string[]): ReplyValue {
  const wanted = new Set(args.slice(2).map((name) => name.toLowerCase()));
  const all = [...session.server.commands.values()].flatMap((one) => [
    one,
    ...one.subcommands?.values() ?? [],
  ]);
  const chosen = all.filter(({ name, stats }) =>
    stats.calls > 0 && (wanted.size === 0 || wanted.has(name) || wanted.has(name.split("|")[0]!))
  );
  return new MapReply(chosen.flatMap(({ name, stats }) => [
    name,
    new MapReply(["calls", stats.calls, "histogram_usec", new MapReply([1, stats.calls])]),
  ]));
}

/** SLOWLOG and LATENCY. */
export const latencyCommands: CommandGroup = {
  "slowlog|get": get,
  "slowlog|len": (session) => slowLogOf(session.server).entries.length,
  "slowlog|reset"(session) {
    slowLogOf(session.server).entries.length = 0;
    return OK;
  },
  "latency|latest": (session) =>
    [...slowLogOf(session.server).events].map(([name, { samples, longest }]) => [
      name,
      ...samples.at(-1)!,
      longest,
    ]),
  "latency|history": (session, args) =>
    slowLogOf(session.server).events.get(args[2]!)?.samples.map((sample) => [...sample]) ?? [],
  "latency|reset"(session, args) {
    const { events } = slowLogOf(session.server);
    const names = args.length === 2 ? [...events.keys()] : args.slice(2);
    return names.filter((name) => events.delete(name)).length;
  },
  "latency|doctor"(session) {
    const { events } = slowLogOf(session.server);
    if (session.server.config.number("latency-monitor-threshold") === 0) {
      return new Verbatim("Latency monitoring is disabled in this Redis instance.\n");
    }
    if (events.size === 0) return new Verbatim("No latency spike was observed.\n");
    const lines = [...events].map(([name, { samples, longest }]) =>
      `${name}: ${samples.length} latency spikes, the longest ${longest} milliseconds.\n`
    );
    return new Verbatim(lines.join(""));
  },
  "latency|histogram": histogram,
};
