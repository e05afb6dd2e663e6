/**
 * Replies as values. A string is a bulk string, each character a byte; a number or a bigint is an integer; an array
 * is an array. This file has classes for the other types.
 *
 * @module
 */

/** A simple string. */
export class Simple {
  /** The text. */
  readonly text: string;
  /** Makes one. */
  constructor(text: string) {
    this.text = text;
  }
}

/** Returns a text up to its first zero, as Redis shows it in most errors. */
export function cString(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

/** An error; commands return or throw it. */
export class ErrorReply {
  /** The whole line, without `-`. */
  readonly text: string;
  /** Whether INFO counts it already. */
  readonly counted: boolean;
  /** Makes one; `text` begins with its code. */
  constructor(text: string, counted: boolean = false) {
    this.text = text;
    this.counted = counted;
  }
}

/** A double: a bulk string in RESP2. */
export class Double {
  /** The number. */
  readonly value: number;
  /** The notation, if it is not the shortest one. */
  readonly text: string | undefined;
  /** Makes one. */
  constructor(value: number, text?: string) {
    this.value = value;
    this.text = text;
  }
}

/** A map: a flat array in RESP2. */
export class MapReply {
  /** Keys and values in turn. */
  readonly flat: ReplyValue[];
  /** Makes one. */
  constructor(flat: ReplyValue[]) {
    this.flat = flat;
  }
}

/** A set: an array in RESP2. */
export class SetReply {
  /** The members. */
  readonly items: ReplyValue[];
  /** Makes one. */
  constructor(items: ReplyValue[]) {
    this.items = items;
  }
}

/** A push frame: an array in RESP2. */
export class Push {
  /** The kind and the elements. */
  readonly items: ReplyValue[];
  /** Makes one. */
  constructor(items: ReplyValue[]) {
    this.items = items;
  }
}

/** A string with a format: a bulk string in RESP2. */
export class Verbatim {
  /** Three characters. */
  readonly format: string;
  /** The string. */
  readonly text: string;
  /** Makes one. */
  constructor(text: string, format: string = "txt") {
    this.text = text;
    this.format = format;
  }
}

/** A number of any size: a bulk string in RESP2. */
export class BigNumber {
  /** Its digits. */
  readonly digits: string;
  /** Makes one. */
  constructor(digits: string) {
    this.digits = digits;
  }
}

/** The null that RESP2 sends as an array. */
export class NullArray {}

/** Bytes that are a reply already, in the protocol of the client. */
export class Raw {
  /** The bytes as text, each character one. */
  readonly text: string;
  /** Makes one. */
  constructor(text: string) {
    this.text = text;
  }
}

/** A reply in parts, each in the protocol of its moment: EXEC, whose commands may send pushes or change the protocol. */
export class PartedReply {
  /** The number of elements that the header announces. */
  readonly count: number;
  /** The replies and pushes, in order. */
  readonly parts: { readonly value: ReplyValue; readonly protocol: number }[] = [];
  /** Makes one without parts. */
  constructor(count: number) {
    this.count = count;
  }
}

/** No reply at present: the command waits (`BLOCKED`) or has already sent its replies. */
export class Silence {
  /** The reason, for debugging. */
  readonly why: string;
  /** Makes one. */
  constructor(why: string) {
    this.why = why;
  }
}

/** A reply. */
export type ReplyValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | ReplyValue[]
  | Simple
  | ErrorReply
  | Double
  | MapReply
  | SetReply
  | Push
  | Verbatim
  | BigNumber
  | NullArray
  | Raw
  | PartedReply
  | Silence;

/** +OK. */
export const OK: Simple = new Simple("OK");
/** +QUEUED. */
export const QUEUED: Simple = new Simple("QUEUED");
/** `*-1` in RESP2. */
export const NULL_ARRAY: NullArray = new NullArray();
/** The client waits; its reply comes later. */
export const BLOCKED: Silence = new Silence("blocked");
/** The command has sent what there was to send. */
export const SENT: Silence = new Silence("sent");

/** An error with the code ERR. */
export function err(text: string): ErrorReply {
  return new ErrorReply(`ERR ${text}`);
}

/** The operation does not fit the type of the key. */
export const WRONGTYPE: ErrorReply = new ErrorReply(
  "WRONGTYPE Operation against a key holding the wrong kind of value",
);
/** A syntax error. */
export const SYNTAX: ErrorReply = err("syntax error");
/** No integer of 64 bits. */
export const NOT_INTEGER: ErrorReply = err("value is not an integer or out of range");
/** No double. */
export const NOT_FLOAT: ErrorReply = err("value is not a valid float");
/** No key. */
export const NO_KEY: ErrorReply = err("no such key");

/** The number of arguments is wrong for a command; its full name in lower case. */
export function wrongArity(name: string): ErrorReply {
  return err(`wrong number of arguments for '${name}' command`);
}

/** The error of a subcommand that cannot make anything of its arguments. */
export function unknownSubcommand(args: readonly string[], name: string): ErrorReply {
  return err(`unknown subcommand or wrong number of arguments for '${args[1]}'. Try ${name} HELP.`);
}

/** The error of a number that is none of 32 bits. */
export const NOT_INT: ErrorReply = err(
  "value is out of range, value must between -2147483648 and 2147483647",
);

/** The error of a write while too few replicas are linked. */
export const NOREPLICAS: ErrorReply = new ErrorReply("NOREPLICAS Not enough good replicas to write.");
