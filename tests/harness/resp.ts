/**
 * RESP for the tests' side of the wire, on purpose not the library's own: a second pair of eyes. It is simple
 * and trusting, where the library's is fast and suspicious.
 *
 * @module
 */

/** A simple string: `+OK`. */
export class Simple {
  /** The text behind the `+`. */
  readonly text: string;
  /** Makes one. */
  constructor(text: string) {
    this.text = text;
  }
}

/** An error reply: `-ERR no`. A value like the others, so that it can stand in an array. */
export class ErrorReply {
  /** The text behind the `-`, prefix and all. */
  readonly message: string;
  /** Makes one. */
  constructor(message: string) {
    this.message = message;
  }
}

/** A push frame of RESP3; a plain array on RESP2. */
export class Push {
  /** The kind, then what belongs to it. */
  readonly values: readonly Wire[];
  /** Makes one. */
  constructor(values: readonly Wire[]) {
    this.values = values;
  }
}

/** A double of RESP3; a bulk string on RESP2. */
export class Double {
  /** The number. */
  readonly value: number;
  /** Makes one. */
  constructor(value: number) {
    this.value = value;
  }
}

/** Bytes that go over the wire as they are: garbage, or half a reply. */
export class Raw {
  /** The bytes. */
  readonly bytes: Uint8Array;
  /** Makes one; a text stands for its UTF-8 bytes. */
  constructor(bytes: Uint8Array | string) {
    this.bytes = typeof bytes === "string" ? encoder.encode(bytes) : bytes;
  }
}

/**
 * A value that a server can send. Strings and bytes are bulk strings, numbers are integers, `null` is the null of the
 * protocol.
 */
export type Wire =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Simple
  | ErrorReply
  | Push
  | Double
  | Raw
  | NullArray
  | readonly Wire[]
  | Map<Wire, Wire>
  | Set<Wire>;

/** The null array of RESP2 (`*-1`), which a timeout of BLPOP or a broken WATCH gives. */
export class NullArray {}

/** `+OK`. */
export const OK: Simple = new Simple("OK");
/** `*-1`, or `_` on RESP3. */
export const NULL_ARRAY: NullArray = new NullArray();

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Puts pieces one behind the other. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** A command as clients send it: an array of bulk strings. */
export function encodeCommand(args: readonly (string | number | Uint8Array)[]): Uint8Array {
  return encodeReply(args.map((arg) => typeof arg === "number" ? String(arg) : arg), 2);
}

/** A reply as a server of protocol 2 or 3 sends it. */
export function encodeReply(value: Wire, protocol: 2 | 3): Uint8Array {
  const pieces: Uint8Array[] = [];
  const put = (text: string): void => void pieces.push(encoder.encode(text));
  const putAll = (type: string, length: number, values: Iterable<Wire>): void => {
    put(`${type}${length}\r\n`);
    for (const one of values) putOne(one);
  };
  const putBulk = (bytes: Uint8Array): void => {
    put(`$${bytes.length}\r\n`);
    pieces.push(bytes);
    put("\r\n");
  };
  const putOne = (one: Wire): void => {
    if (one === null) put(protocol === 3 ? "_\r\n" : "$-1\r\n");
    else if (one instanceof NullArray) put(protocol === 3 ? "_\r\n" : "*-1\r\n");
    else if (one instanceof Raw) pieces.push(one.bytes);
    else if (one instanceof Simple) put(`+${one.text}\r\n`);
    else if (one instanceof ErrorReply) put(`-${one.message}\r\n`);
    else if (one instanceof Push) putAll(protocol === 3 ? ">" : "*", one.values.length, one.values);
    else if (one instanceof Uint8Array) putBulk(one);
    else if (typeof one === "string") putBulk(encoder.encode(one));
    else if (typeof one === "number") put(`:${one}\r\n`);
    else if (typeof one === "bigint") {
      put(`${protocol === 3 && BigInt.asIntN(64, one) !== one ? "(" : ":"}${one}\r\n`);
    } else if (typeof one === "boolean") {
      put(protocol === 3 ? `#${one ? "t" : "f"}\r\n` : `:${one ? 1 : 0}\r\n`);
    } else if (one instanceof Double) {
      if (protocol === 3) put(`,${String(one.value).replace("Infinity", "inf")}\r\n`);
      else putBulk(encoder.encode(String(one.value)));
    } else if (one instanceof Set) putAll(protocol === 3 ? "~" : "*", one.size, one);
    else if (one instanceof Map) {
      putAll(protocol === 3 ? "%" : "*", protocol === 3 ? one.size : one.size * 2, [...one].flat(1));
    } else putAll("*", one.length, one);
  };
  putOne(value);
  return concat(pieces);
}

/** A value that is not all there yet; `need` is how many bytes there must be at least. */
class Incomplete {
  readonly need: number;
  constructor(need: number) {
    this.need = need;
  }
}

/** Cuts what arrives into values. Bulk strings come as bytes, simple ones as {@linkcode Simple}. */
export class RespReader {
  #buffer: Uint8Array = new Uint8Array(0);
  #pieces: Uint8Array[] = [];
  #size = 0;
  #need = 1;

  /** Copies a chunk and returns the values that are complete. Throws for data that is not RESP. */
  read(chunk: Uint8Array): Wire[] {
    this.#pieces.push(chunk.slice());
    this.#size += chunk.length;
    // Not before it can be complete: a large value that arrives in pieces would be joined over and over.
    if (this.#size < this.#need) return [];
    this.#buffer = concat([this.#buffer, ...this.#pieces.splice(0)]);
    const values: Wire[] = [];
    this.#need = 1;
    while (this.#buffer.length > 0) {
      try {
        const [value, end] = this.#value(0);
        values.push(value);
        this.#buffer = this.#buffer.subarray(end);
      } catch (error) {
        if (!(error instanceof Incomplete)) throw error;
        this.#need = error.need;
        break;
      }
    }
    this.#size = this.#buffer.length;
    return values;
  }

  /** Whether part of a value has been read. */
  get partial(): boolean {
    return this.#size > 0;
  }

  #line(from: number): [line: string, end: number] {
    const end = this.#buffer.indexOf(10, from);
    if (end < 0) throw new Incomplete(this.#buffer.length + 1);
    return [decoder.decode(this.#buffer.subarray(from, end - 1)), end + 1];
  }

  #value(from: number): [value: Wire, end: number] {
    const type = String.fromCharCode(this.#buffer[from]!);
    const [line, end] = this.#line(from + 1);
    switch (type) {
      case "+":
        return [new Simple(line), end];
      case "-":
        return [new ErrorReply(line), end];
      case ":": {
        const number = Number(line);
        return [Number.isSafeInteger(number) ? number : BigInt(line), end];
      }
      case "(":
        return [BigInt(line), end];
      case ",":
        return [new Double(Number(line.replace("inf", "Infinity"))), end];
      case "#":
        return [line === "t", end];
      case "_":
        return [null, end];
      case "$":
      case "!":
      case "=": {
        const length = Number(line);
        if (length < 0) return [null, end];
        if (this.#buffer.length < end + length + 2) throw new Incomplete(end + length + 2);
        const bytes = this.#buffer.slice(end, end + length);
        const value = type === "$"
          ? bytes
          : type === "!"
          ? new ErrorReply(decoder.decode(bytes))
          : bytes.slice(4); // a verbatim string: "txt:" and the text
        return [value, end + length + 2];
      }
      case "*":
      case "~":
      case ">":
      case "%": {
        const length = Number(line);
        if (length < 0) return [NULL_ARRAY, end];
        const values: Wire[] = [];
        let at = end;
        for (let i = type === "%" ? length * 2 : length; i > 0; i--) {
          if (at >= this.#buffer.length) throw new Incomplete(at + 1);
          const [value, next] = this.#value(at);
          values.push(value);
          at = next;
        }
        if (type === "~") return [new Set(values), at];
        if (type === ">") return [new Push(values), at];
        if (type === "*") return [values, at];
        const map = new Map<Wire, Wire>();
        for (let i = 0; i < values.length; i += 2) map.set(plainKey(values[i]!), values[i + 1]!);
        return [map, at];
      }
      default:
        throw new Error(`Not RESP: a value that begins with ${JSON.stringify(type + line.slice(0, 40))}`);
    }
  }
}

function plainKey(key: Wire): Wire {
  return key instanceof Uint8Array ? decoder.decode(key) : key;
}

/** A parsed value for comparisons: bulk and simple strings as text, doubles as numbers. */
export type Plain =
  | null
  | boolean
  | number
  | bigint
  | string
  | ErrorReply
  | Plain[]
  | { readonly [key: string]: Plain };

/** Makes a parsed value easy to compare: texts, numbers, arrays, and objects for maps. */
export function plain(value: Wire): Plain {
  if (value instanceof Uint8Array || value instanceof Raw) {
    return decoder.decode(value instanceof Raw ? value.bytes : value);
  }
  if (value instanceof Simple) return value.text;
  if (value instanceof Double) return value.value;
  if (value instanceof NullArray) return null;
  if (value instanceof Push) return value.values.map(plain);
  if (value instanceof Set) return [...value].map(plain);
  if (value instanceof Map) {
    return Object.fromEntries([...value].map(([key, one]) => [String(plain(key)), plain(one)]));
  }
  if (Array.isArray(value)) return value.map(plain);
  return value as Plain;
}
