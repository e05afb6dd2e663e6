/**
 * Prefixes before all keys and channels: the options `keyPrefix` and `channelPrefix`.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { isWord, keyPlaces } from "../../commands/keys.ts";
import type { Connection } from "../../connection/connection.ts";
import { beginObject, finishObject, setField } from "../../resp/objects.ts";
import type { Arg, Reply } from "../../resp/types.ts";
import { Prefix } from "./prefix.ts";
import { DelegatingExecutor } from "../delegating_executor.ts";
import { type Call, type Executor, prepared } from "../executor.ts";

/** Changes a reply, or a name in it. */
type Change = (reply: unknown) => unknown;

/** Replies that begin with the name of a key. */
const KEY_FIRST = /^(B[LR]POP|B?[LZ]MPOP|BZPOPM(IN|AX))$/;

/** Commands whose first argument is a channel, and those about channels. */
const CHANNELS = /^(S?PUBLISH|PUBSUB (SHARD)?(CHANNELS|NUMSUB))$/;

/** Adds prefixes to the keys and channels of commands, and removes them from those in their replies. */
export class PrefixExecutor extends DelegatingExecutor {
  /** @inheritdoc */
  readonly channelPrefix: Prefix | undefined;
  /** @inheritdoc */
  readonly keyPrefix: Prefix | undefined;

  /** Adds prefixes to the keys and the channels of all commands that `inner` runs; `""` adds none. */
  constructor(inner: Executor, keys: string, channels: string) {
    super(inner);
    this.keyPrefix = keys === "" ? undefined : new Prefix(keys);
    this.channelPrefix = channels === "" ? undefined : new Prefix(channels);
  }

  /** @inheritdoc */
  override execute(command: Command, call: Call): Promise<unknown> {
    return this.inner.execute(this.prepare(command), this.#callOf(call));
  }

  /** @inheritdoc */
  override executeAll(commands: readonly Command[], call: Call, atomic?: boolean): Promise<unknown[]> {
    const prepared = commands.map((command) => this.prepare(command));
    return this.inner.executeAll(prepared, this.#callOf(call), atomic);
  }

  /** @inheritdoc */
  override lease(call: Call, keys?: readonly Arg[]): Promise<Connection> {
    return this.inner.lease(call, keys?.map((key) => this.prepareKey(key)));
  }

  /** @inheritdoc */
  override get shards(): Executor["shards"] {
    const { inner } = this;
    return inner.shards && (async (call) =>
      (await inner.shards!(call)).map((shard) => ({
        execute: (command: Command, one: Call) => shard.execute(this.prepare(command), one),
      })));
  }

  /** @inheritdoc */
  override prepare(command: Command): Command {
    if (prepared.has(command)) return command;
    const { spec: { name }, args } = command;
    if (CHANNELS.test(name)) return this.#prepareChannels(command, name);
    if (this.keyPrefix === undefined) return command;
    const places = keyPlaces(command);
    const strip = this.#stripOf(name);
    if (places.length === 0 && strip === undefined) return command;
    const made = [...args];
    for (const place of places) made[place] = this.prepareKey(made[place]!);
    if (name === "KEYS") made[0] = this.#match(made[0]!);
    else if (name.endsWith("SCAN") && places.length === 0) this.#addMatch(made);
    else if (name.startsWith("SORT")) this.#addPatterns(made);
    const { parse } = command;
    const parser = strip && ((reply: Reply, bytes?: boolean) => strip(parse ? parse(reply, bytes) : reply));
    return command.withArguments(made, parser ?? parse);
  }

  #callOf(call: Call): Call {
    return call.key === undefined ? call : { ...call, key: this.prepareKey(call.key) as string };
  }

  /** Adds the prefix to a key. */
  override prepareKey(key: Arg): Arg {
    return this.keyPrefix?.add(key) ?? key;
  }

  /** Adds the prefix to channels. In the table, sharded channels are keys, as they have a slot. */
  #prepareChannels(command: Command, name: string): Command {
    const prefix = this.channelPrefix;
    if (prefix === undefined) return command;
    const { args, parse } = command;
    if (name.endsWith("PUBLISH")) {
      return command.withArguments([prefix.add(args[0]!), ...args.slice(1)], parse);
    }
    const [made, strip]: [Arg[], Change] = name.endsWith("CHANNELS")
      ? [[prefix.addToPattern(args[0] ?? "*")], this.#stripAll(prefix)]
      : [args.map((channel) => prefix.add(channel)), this.#stripNames(prefix)];
    return command.withArguments(made, (reply, bytes) => strip(parse ? parse(reply, bytes) : reply));
  }

  #match(pattern: Arg): Arg {
    return this.keyPrefix!.addToPattern(pattern);
  }

  #addMatch(args: Arg[]): void {
    const at = args.findIndex((arg, place) => place > 0 && isWord(arg, "MATCH"));
    if (at < 0) args.push("MATCH", this.#match("*"));
    else args[at + 1] = this.#match(args[at + 1]!);
  }

  /** The keys that BY and GET read are patterns; those without a star, and `#`, name no key. */
  #addPatterns(args: Arg[]): void {
    for (let place = 1; place < args.length; place++) {
      if (isWord(args[place], "LIMIT")) place += 2;
      else if (isWord(args[place], "BY") || isWord(args[place], "GET")) {
        const pattern = args[++place]!;
        if (String(pattern).includes("*") || pattern instanceof Uint8Array) {
          args[place] = this.prepareKey(pattern);
        }
      }
    }
  }

  readonly #strip: Change = (key) => this.keyPrefix!.strip(key);

  #stripAll(prefix: Prefix): Change {
    return (names) => Array.isArray(names) ? names.map((name) => prefix.strip(name)) : names;
  }

  readonly #stripFirst: Change = (reply) =>
    Array.isArray(reply) ? [this.#strip(reply[0]), ...reply.slice(1)] : reply;

  /** A cursor and keys: an object, or a list where the command was given as words. */
  readonly #stripScan: Change = (reply) =>
    Array.isArray(reply)
      ? [reply[0], this.#stripAll(this.keyPrefix!)(reply[1])]
      : { ...reply as object, keys: this.#stripAll(this.keyPrefix!)((reply as { keys: unknown }).keys) };

  /** Entries by stream: an object, a `Map`, or a list of pairs. */
  readonly #stripStreams: Change = (reply) =>
    Array.isArray(reply) ? reply.map(this.#stripFirst) : this.#stripNames(this.keyPrefix!)(reply);

  /** Values by name: an object, a `Map`, or a list of names and values. */
  #stripNames(prefix: Prefix): Change {
    return (reply) => {
      if (reply === null || typeof reply !== "object") return reply;
      if (Array.isArray(reply)) return reply.map((one, at) => at % 2 === 0 ? prefix.strip(one) : one);
      if (reply instanceof Map) {
        return new Map([...reply].map(([name, value]) => [prefix.strip(name), value]));
      }
      const made = beginObject<unknown>(0);
      for (const [name, value] of Object.entries(reply)) setField(made, prefix.strip(name), value);
      return finishObject(made);
    };
  }

  /** Returns the function that removes the prefix from keys in a reply; `undefined` if the reply has no keys. */
  #stripOf(name: string): Change | undefined {
    if (KEY_FIRST.test(name)) return this.#stripFirst;
    if (name === "KEYS") return this.#stripAll(this.keyPrefix!);
    if (name === "RANDOMKEY") return this.#strip;
    if (name === "SCAN" || name === "CLUSTERSCAN") return this.#stripScan;
    return name === "XREAD" || name === "XREADGROUP" ? this.#stripStreams : undefined;
  }
}
