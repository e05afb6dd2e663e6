/**
 * A prefix before all keys: the option `keyPrefix`.
 *
 * @module
 */
import type { Command } from "../../commands/command.ts";
import { isWord, keyPlaces } from "../../commands/keys.ts";
import type { Connection } from "../../connection/connection.ts";
import { beginObject, finishObject, setField } from "../../resp/objects.ts";
import type { Arg, Reply } from "../../resp/types.ts";
import { DelegatingExecutor } from "../delegating_executor.ts";
import { type Call, type Executor, prepared } from "../executor.ts";

/** Changes a reply. */
type Change = (reply: unknown) => unknown;

const utf8 = new TextEncoder();

/** Replies that begin with the name of a key. */
const KEY_FIRST = /^(B[LR]POP|B?[LZ]MPOP|BZPOPM(IN|AX))$/;

/** Adds a prefix to the keys of commands, and removes it from the keys in their replies. */
export class KeyPrefixExecutor extends DelegatingExecutor {
  readonly #prefix: string;
  readonly #bytes: Uint8Array;
  /** The prefix as a pattern. */
  readonly #pattern: string;

  /** Adds `prefix` to the keys of all commands that `inner` runs. */
  constructor(inner: Executor, prefix: string) {
    super(inner);
    this.#prefix = prefix;
    this.#bytes = utf8.encode(prefix);
    this.#pattern = prefix.replace(/[\\*?[\]^-]/g, "\\$&");
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
  override lease(call: Call, key?: string | Uint8Array): Promise<Connection> {
    return this.inner.lease(call, key && this.prepareKey(key) as string);
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
    // Of sharded channels the table says that they are keys, as they have a slot.
    const places = name.startsWith("S") && name.endsWith("PUBLISH") ? [] : keyPlaces(command);
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

  /** Adds the prefix to a key. What is no key is left as it is: the command is refused for it. */
  override prepareKey(key: Arg): Arg {
    if (!(key instanceof Uint8Array)) return typeof key === "object" ? key : this.#prefix + key;
    const made = new Uint8Array(this.#bytes.length + key.length);
    made.set(this.#bytes);
    made.set(key, this.#bytes.length);
    return made;
  }

  #match(pattern: Arg): Arg {
    const text = pattern instanceof Uint8Array ? new TextDecoder().decode(pattern) : pattern;
    return this.#pattern + text;
  }

  #addMatch(args: Arg[]): void {
    const at = args.findIndex((arg, place) => place > 0 && isWord(arg, "MATCH"));
    if (at < 0) args.push("MATCH", `${this.#pattern}*`);
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

  readonly #strip: Change = (key) => {
    if (typeof key === "string") return key.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : key;
    if (!(key instanceof Uint8Array) || !this.#bytes.every((byte, at) => key[at] === byte)) return key;
    return key.slice(this.#bytes.length);
  };

  readonly #stripAll: Change = (keys) => Array.isArray(keys) ? keys.map(this.#strip) : keys;

  readonly #stripFirst: Change = (reply) =>
    Array.isArray(reply) ? [this.#strip(reply[0]), ...reply.slice(1)] : reply;

  /** A cursor and keys: an object, or a list where the command was given as words. */
  readonly #stripScan: Change = (reply) =>
    Array.isArray(reply)
      ? [reply[0], this.#stripAll(reply[1])]
      : { ...reply as object, keys: this.#stripAll((reply as { keys: unknown }).keys) };

  /** Entries by stream: an object, a `Map`, or a list of pairs. */
  readonly #stripStreams: Change = (reply) => {
    if (reply === null) return null;
    if (Array.isArray(reply)) return reply.map(this.#stripFirst);
    if (reply instanceof Map) return new Map([...reply].map(([key, value]) => [this.#strip(key), value]));
    const made = beginObject<unknown>(0);
    for (const [key, value] of Object.entries(reply as object)) {
      setField(made, this.#strip(key) as string, value);
    }
    return finishObject(made);
  };

  /** Returns the function that removes the prefix from keys in a reply; `undefined` if the reply has no keys. */
  #stripOf(name: string): Change | undefined {
    if (KEY_FIRST.test(name)) return this.#stripFirst;
    if (name === "KEYS") return this.#stripAll;
    if (name === "RANDOMKEY") return this.#strip;
    if (name === "SCAN" || name === "CLUSTERSCAN") return this.#stripScan;
    return name === "XREAD" || name === "XREADGROUP" ? this.#stripStreams : undefined;
  }
}
