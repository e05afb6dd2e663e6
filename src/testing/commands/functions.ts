/**
 * FUNCTION and FCALL.
 *
 * @module
 */
import { matches } from "../glob.ts";
import { parseInteger } from "../numbers.ts";
import { checkPayload } from "../rdb/payload.ts";
import { dumpFunctions, readFunctions } from "../rdb/values.ts";
import type { CommandGroup } from "../registry.ts";
import { err, type ErrorReply, MapReply, OK, type ReplyValue, SetReply, Simple } from "../reply.ts";
import type { FunctionLibrary, RegisteredFunction } from "../scripting/function_libraries.ts";
import { NOT_BUSY } from "../scripting/busy_script.ts";
import { SCRIPT_FLAGS } from "../scripting/script_flags.ts";
import { scriptingOf } from "../scripting/scripting.ts";
import type { Session } from "../state.ts";
import { showFirst, splitKeys } from "./scripts.ts";

function callFunction(session: Session, args: string[], readOnly: boolean): ReplyValue {
  const scripting = scriptingOf(session.server);
  showFirst(session, args);
  const found = scripting.functions.find(args[1]!);
  if (found === undefined) throw err("Function not found");
  const count = parseInteger(args[2]!);
  if (count === undefined) throw err("Bad number of keys provided");
  return scripting.runFunction(scripting.functions.sandbox, session, {
    ...splitKeys(args, Number(count)),
    words: args,
    name: found.name,
    flags: found.flags,
    reference: found.reference,
    readOnly,
  });
}

function load({ server }: Session, args: string[]): ReplyValue {
  const { functions } = scriptingOf(server);
  let replace = false;
  for (const word of args.slice(2, -1)) {
    if (word.toLowerCase() !== "replace") throw err(`Unknown option given: ${word}`);
    replace = true;
  }
  const library = functions.compile(args.at(-1)!, functions.libraries, replace);
  functions.libraries.set(library.name, library);
  server.dirty++;
  return library.name;
}

function tooMany(args: readonly string[]): ErrorReply {
  return err(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try FUNCTION HELP.`);
}

function describeFunction({ name, description, flags }: RegisteredFunction): MapReply {
  return new MapReply([
    "name",
    name,
    "description",
    description ?? null,
    "flags",
    new SetReply(SCRIPT_FLAGS.filter((flag) => flags.has(flag)).map((flag) => new Simple(flag))),
  ]);
}

function list({ server }: Session, args: string[]): ReplyValue {
  let withCode = false;
  let pattern: string | undefined;
  for (let i = 2; i < args.length; i++) {
    const word = args[i]!.toLowerCase();
    if (word === "withcode" && !withCode) withCode = true;
    else if (word === "libraryname" && pattern === undefined) {
      if (i === args.length - 1) throw err("library name argument was not given");
      pattern = args[++i]!.toLowerCase();
    } else throw err(`Unknown argument ${args[i]}`);
  }
  const found = [...scriptingOf(server).functions.libraries.values()].filter(({ name }) =>
    pattern === undefined || matches(pattern, name.toLowerCase())
  );
  return found.map(({ name, code, functions }) =>
    new MapReply([
      "library_name",
      name,
      "engine",
      "LUA",
      "functions",
      [...functions.values()].map(describeFunction),
      ...(withCode ? ["library_code", code] : []),
    ])
  );
}

function restore({ server }: Session, args: string[]): ReplyValue {
  const { functions } = scriptingOf(server);
  if (args.length > 4) throw tooMany(args);
  const policy = args[3]?.toLowerCase() ?? "append";
  if (!["append", "replace", "flush"].includes(policy)) {
    throw err("Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
  }
  if (!checkPayload(args[2]!)) throw err("DUMP payload version or checksum are wrong");
  const codes = readFunctions(args[2]!);
  if (typeof codes === "string") throw err(codes);
  const added = new Map<string, FunctionLibrary>();
  for (const code of codes) {
    const library = functions.compile(code, added, false);
    added.set(library.name, library);
  }
  const libraries = new Map(policy === "flush" ? [] : functions.libraries);
  for (const name of added.keys()) {
    if (libraries.has(name) && policy !== "replace") throw err(`Library ${name} already exists`);
    libraries.delete(name);
  }
  const taken = new Set([...libraries.values()].flatMap((library) => [...library.functions.keys()]));
  for (const library of added.values()) {
    for (const name of library.functions.keys()) {
      if (taken.has(name)) throw err(`Function ${name} already exists`);
    }
    libraries.set(library.name, library);
  }
  functions.libraries = libraries;
  server.dirty++;
  return OK;
}

/** FUNCTION and FCALL. */
export const functionCommands: CommandGroup = {
  fcall: (session, args) => callFunction(session, args, false),
  fcall_ro: (session, args) => callFunction(session, args, true),
  "function|load": load,
  "function|list": list,
  "function|restore": restore,
  "function|dump": ({ server }) =>
    dumpFunctions([...scriptingOf(server).functions.libraries.values()].map(({ code }) => code)),
  "function|delete"({ server }, args) {
    if (!scriptingOf(server).functions.libraries.delete(args[2]!)) throw err("Library not found");
    server.dirty++;
    return OK;
  },
  "function|flush"({ server }, args) {
    if (args.length > 3) throw tooMany(args);
    if (args.length === 3 && !/^a?sync$/i.test(args[2]!)) {
      throw err("FUNCTION FLUSH only supports SYNC|ASYNC option");
    }
    scriptingOf(server).functions.flush();
    server.dirty++;
    return OK;
  },
  "function|kill"({ server }) {
    const { busy } = scriptingOf(server);
    if (busy === undefined) throw NOT_BUSY;
    busy.kill("FUNCTION");
    return OK;
  },
  "function|stats"({ server }) {
    const { libraries, size } = scriptingOf(server).functions;
    const engine = new MapReply(["libraries_count", libraries.size, "functions_count", size]);
    return new MapReply([
      "running_script",
      scriptingOf(server).busy?.describe() ?? null,
      "engines",
      new MapReply(["LUA", engine]),
    ]);
  },
};
