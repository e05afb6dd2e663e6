/**
 * Names of methods that users of other clients try first. Each throws and names the method that does it here.
 *
 * @module
 */
import { defineMethods } from "../../commands/define_methods.ts";
import { CommandMethods } from "../../commands/methods.ts";
import type { Wrap } from "../../commands/wrap.ts";

/** The replacements, by method name. */
const INSTEAD: Readonly<Record<string, string>> = {
  on: "addEventListener(type, listener), or subscribe(channel, listener) for messages",
  off: "removeEventListener(type, listener)",
  quit: "close()",
  disconnect: "close(), or destroy() to wait for nothing",
  end: "close()",
  call: "command(...words)",
  sendCommand: "command(...words)",
  getBuffer: "bytes().get(key)",
  defineCommand: "script(source)",
  scanStream: "scanIterator()",
  zRangeWithScores: "zrange(..., { withScores: true })",
  select: "a URL with the database, as in redis://localhost:6379/1",
};

/** Common commands by their names in node-redis, with capitals. */
const CAPITALS =
  "hGet hSet hGetAll hDel hIncrBy hMGet setEx setNX getDel getEx mGet mSet incrBy decrBy lPush rPush lPop rPop lRange lLen " +
  "flushAll flushDb blPop brPop sAdd sRem sMembers sIsMember sCard zAdd zRange zRem zScore zCard xAdd xRead xReadGroup xAck pExpire " +
  "pTTL";

/** Methods of other clients under their names; calling one throws a `TypeError` that names the one to use. */
export interface RenamedMethods<W extends Wrap> extends CommandMethods<W> {
  /** @deprecated Use `addEventListener(type, listener)`; for messages `subscribe(channel, listener)`. */
  on(...args: unknown[]): never;
  /** @deprecated Use `removeEventListener(type, listener)`. */
  off(...args: unknown[]): never;
  /** @deprecated Use `close()`. */
  quit(...args: unknown[]): never;
  /** @deprecated Use `close()`, or `destroy()` to wait for nothing. */
  disconnect(...args: unknown[]): never;
  /** @deprecated Use `command(...words)`. */
  call(...args: unknown[]): never;
  /** @deprecated Use `command(...words)`. */
  sendCommand(...args: unknown[]): never;
  /** @deprecated Name the database in the URL or in the option `db`. */
  select(...args: unknown[]): never;
  /** @deprecated Use `hgetall`. */
  hGetAll(...args: unknown[]): never;
  /** @deprecated Use `setex`, or `set` with `{ ex }`. */
  setEx(...args: unknown[]): never;
}

/** The methods of all commands, and names of other clients that throw. */
export abstract class RenamedMethods<W extends Wrap> extends CommandMethods<W> {
  static {
    const replaced = Object.entries(INSTEAD);
    for (const name of CAPITALS.split(" ")) replaced.push([name, `${name.toLowerCase()}()`]);
    const missing = replaced.filter(([name]) => !(name in this.prototype));
    defineMethods(this.prototype, missing.map(([name, instead]) => [name, refuse(name, instead)]));
  }
}

function refuse(name: string, instead: string): () => never {
  return () => {
    throw new TypeError(`Cannot call ${name}(): there is no such method here; use ${instead}`);
  };
}
