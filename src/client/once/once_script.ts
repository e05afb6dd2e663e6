/**
 * The scripts behind `once()`: a write and the record of its reply are one step on the server.
 *
 * The record is a string next to the data, in the same slot, with a time to live. It is made before the write, so a server
 * that would refuse the record (rights, memory, READONLY) refuses everything, and nothing has run.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { createScript, type Script } from "../../commands/script.ts";
import type { Arg, Reply } from "../../resp/types.ts";

/** The code of the scripts' own errors: the next word says which. */
export const ONCE_ERROR = "KEYWIREONCE";

// `given` tells an id's command from others. The PEXPIRE is a write, so that a WAIT behind it covers the record's replicas.
const BEGIN = `local record, given = KEYS[1], ''
if ARGV[2] == '1' then given = redis.sha1hex(#ARGV .. '\\0' .. table.concat(ARGV, '\\0', 3)) end
if not redis.call('SET', record, '', 'NX', 'PX', ARGV[1]) then
  local kept = redis.call('GET', record)
  if kept == 'cancelled' then return redis.error_reply('${ONCE_ERROR} CANCELLED') end
  local made = cmsgpack.unpack(kept)
  if made[2] ~= given then return redis.error_reply('${ONCE_ERROR} MISMATCH') end
  redis.call('PEXPIRE', record, ARGV[1])
  return made[1]
end
`;

// A number in Lua is a double: what INCR and its like return beyond 2^53 is read again as text. An error of pcall has more
// fields than its text.
const FIX = `if type(reply) == 'table' then
    if reply.err then reply = { err = reply.err } end
  elseif type(reply) == 'number' and (reply >= 9007199254740992 or reply <= -9007199254740992) then
    local name = string.upper(ARGV[first])
    if name == 'HINCRBY' then
      reply = redis.call('HGET', ARGV[first + 1], ARGV[first + 2])
    elseif name == 'INCR' or name == 'INCRBY' or name == 'DECR' or name == 'DECRBY' then
      reply = redis.call('GET', ARGV[first + 1])
    end
  end`;

// APPEND keeps the time to live, and costs half of a second SET.
const END = `redis.call('APPEND', record, cmsgpack.pack({ reply, given }))
return reply
`;

const SINGLE = `${BEGIN}local first = 3
local reply = redis.pcall(unpack(ARGV, first))
${FIX}
if type(reply) == 'table' and reply.err then
  redis.call('DEL', record)
  return reply
end
${END}`;

const MULTI = `${BEGIN}local replies, first = {}, 4
while first <= #ARGV do
  local last = first + tonumber(ARGV[first - 1]) - 1
  local reply = redis.pcall(unpack(ARGV, first, last))
  ${FIX}
  replies[#replies + 1] = reply
  first = last + 2
end
local reply = replies
${END}`;

const OUTCOME = `local kept = redis.call('GET', KEYS[1])
if kept and kept ~= 'cancelled' then return { 1, cmsgpack.unpack(kept)[1] } end
if ARGV[1] ~= '' and not kept then redis.call('SET', KEYS[1], 'cancelled', 'PX', ARGV[1]) end
return { 0 }
`;

// Made when first used: a program that never calls once() hashes nothing.
const made = new Map<string, Script<Reply>>();

function scriptOf(source: string): Script<Reply> {
  let script = made.get(source);
  if (script === undefined) made.set(source, script = createScript(source));
  return script;
}

/** The parameters of a record, besides its commands. */
export interface RecordTerms {
  /** The key of the record. */
  readonly record: Arg;
  /** Milliseconds for which it is kept. */
  readonly ttl: number;
  /** Whether the id is the caller's own, so that it may come with another command. */
  readonly named: boolean;
}

function words({ spec, args }: Command): Arg[] {
  return [...spec.name.split(" "), ...args];
}

/** The command that runs one command at most once. */
export function singleOnce(
  { record, ttl, named }: RecordTerms,
  keys: readonly Arg[],
  command: Command,
): Command {
  return scriptOf(SINGLE)([record, ...keys], [ttl, named ? 1 : 0, ...words(command)]);
}

/** The command that runs several commands together at most once. */
export function multiOnce(
  { record, ttl, named }: RecordTerms,
  keys: readonly Arg[],
  commands: readonly Command[],
): Command {
  const args: Arg[] = [ttl, named ? 1 : 0];
  for (const command of commands) {
    const list = words(command);
    args.push(list.length, ...list);
  }
  return scriptOf(MULTI)([record, ...keys], args);
}

/** The command that reads a record: `[1, reply]`, or `[0]`. With `cancel`, milliseconds, it forbids what has not run. */
export function readOutcome(record: Arg, cancel: number | undefined): Command {
  return scriptOf(OUTCOME)([record], [cancel ?? ""]);
}
