/**
 * Options that are objects: `tls`, `keepAlive`, `retry`, `reconnect`, `limits`, `offlineQueue`, `sendQueue`.
 *
 * @module
 */
import { parseBackoff, toBackoff } from "../backoff.ts";
import { ERROR_CLASSES } from "../retry.ts";
import { nameOf, outOfRange, wrongType } from "./option_errors.ts";
import {
  callable,
  choice,
  duration,
  flag,
  integer,
  isOff,
  type Kind,
  parseFlag,
  text,
} from "./value_kinds.ts";
import { didYouMean } from "./did_you_mean.ts";

/** True for an object that is written as `{ ... }`. */
export function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** An object with known fields; `or` are booleans that it may be instead. */
function fields(wanted: string, known: Readonly<Record<string, Kind>>, ...or: readonly boolean[]): Kind {
  return {
    fields: known,
    check(value, name) {
      if (or.includes(value as boolean)) return value;
      if (!isPlain(value)) throw wrongType(name, wanted, value);
      const checked: Record<string, unknown> = {};
      for (const [field, given] of Object.entries(value)) {
        const kind = Object.hasOwn(known, field) ? known[field] : undefined;
        if (kind === undefined) throw unknownField(name, field, Object.keys(known));
        if (given !== undefined) checked[field] = kind.check(given, `${name}.${field}`);
      }
      return Object.freeze(checked);
    },
    ...or.length > 0 && {
      parse(word: string, name: string) {
        const value = isOff(word) ? false : parseFlag(word);
        if (value === undefined || !or.includes(value)) {
          throw wrongType(name, or.map(String).join(" or "), word);
        }
        return value;
      },
    },
  };
}

/** The error for a field that no such option has. */
export function unknownField(name: string, field: string, known: readonly string[]): TypeError {
  const near = didYouMean(field, known);
  // The name that node:tls has for it.
  if (field === "rejectUnauthorized" && known.includes("verify")) {
    return new TypeError(
      `Cannot use the option ${
        nameOf(`${name}.${field}`)
      }: there is none of that name; use ${name}.verify: "none"`,
    );
  }
  const hint = near === undefined ? `it has ${known.join(", ")}` : `did you mean \`${name}.${near}\`?`;
  return new TypeError(
    `Cannot use the option ${nameOf(`${name}.${field}`)}: there is none of that name; ${hint}`,
  );
}

function pem(wanted: string, secret: boolean, many = false): Kind {
  const one = (value: unknown): boolean =>
    (typeof value === "string" && value !== "" && !value.includes("\0")) ||
    (value instanceof Uint8Array && value.length > 0);
  return {
    check(value, name) {
      if (one(value)) return value;
      if (many && Array.isArray(value) && value.length > 0 && value.every(one)) {
        return Object.freeze([...value]);
      }
      if (value === "") throw outOfRange(name, wanted, value, secret);
      throw wrongType(name, wanted, value, secret);
    },
    parse: (value) => value,
  };
}

const PEM = "PEM text, its bytes, or the path of a PEM file";

const alpn: Kind = {
  check(value, name) {
    const wanted = "a list of protocol names of 1 to 255 characters";
    if (!Array.isArray(value) || value.length === 0) throw wrongType(name, wanted, value);
    const good = (one: unknown) => typeof one === "string" && /^[\x21-\x7e]{1,255}$/.test(one);
    if (!value.every(good)) throw outOfRange(name, wanted, value);
    return Object.freeze([...value]);
  },
  parse: (list) => list.split(","),
};

/** TLS, or whether there is any. */
export const tls: Kind = fields(
  "true, false or an object of TLS options",
  {
    key: pem(PEM, true),
    cert: pem(PEM, false),
    ca: pem(`${PEM}, or a list of those`, false, true),
    verify: choice("required", "optional", "none"),
    checkHostname: flag,
    pfx: pem("the bytes of a PKCS #12 container, or the path of its file", true),
    checkServerIdentity: callable("a function (host, certificate) that returns an Error or undefined"),
    passphrase: text("text of at least one character", /^[^]+$/, true),
    serverName: text("a host name", /^[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_.])?$/),
    minVersion: choice("TLSv1.2", "TLSv1.3"),
    ciphers: text("an OpenSSL cipher list", /^[\x21-\x7e]+$/),
    alpn,
    sessionResumption: flag,
  },
  true,
  false,
);

/** Notifications of maintenance. */
export const maintNotifications: Kind = fields(
  "true, false or { relaxedTimeout, endpointType }",
  {
    relaxedTimeout: duration("no longer limit"),
    endpointType: choice("internal-ip", "external-ip", "internal-fqdn", "external-fqdn", "none"),
  },
  true,
  false,
);

/** TCP keepalive. */
export const keepAlive: Kind = fields(
  "true, false or { idle, interval, count }",
  {
    idle: integer(1, 2_147_483_647, "whole milliseconds from 1 up"),
    interval: integer(1, 2_147_483_647, "whole milliseconds from 1 up"),
    count: integer(1, 1_000),
  },
  true,
  false,
);

/** Bounds of the decoder. */
export const limits: Kind = fields("{ maxDepth, maxLineLength, maxBulkLength, maxElements }", {
  maxDepth: integer(1, 100_000),
  maxLineLength: integer(1, 2 ** 31 - 1),
  maxBulkLength: integer(1, 2 ** 53 - 1),
  maxElements: integer(1, 2 ** 32 - 1),
});

const queueLimits = {
  maxCommands: integer(1, Number.MAX_SAFE_INTEGER),
  maxBytes: integer(1, Number.MAX_SAFE_INTEGER),
};

/** Commands that wait for a connection. */
export const offlineQueue: Kind = fields(
  "true, false or { maxCommands, maxBytes }",
  queueLimits,
  true,
  false,
);

/** Commands that wait for a peer that has stalled. */
export const sendQueue: Kind = fields("{ maxCommands, maxBytes }", queueLimits);

const backoff: Kind = {
  check(value, name) {
    const wanted =
      'none(), constant(ms), exponential(...), a function, or their spelling such as "exponential:50:2000:full"';
    if (typeof value === "string") {
      let made;
      try {
        made = parseBackoff(value);
      } catch (error) {
        throw new RangeError(`Cannot use the option \`${name}\`: ${(error as Error).message}`);
      }
      if (made === undefined) throw wrongType(name, wanted, value);
      return made;
    }
    if (typeof value === "function") return toBackoff(value as (attempt: number) => number);
    const { delay } = (value ?? {}) as { delay?: unknown };
    if (typeof delay !== "function") throw wrongType(name, wanted, value);
    return value;
  },
  parse: (value) => value,
};

/** Errors that a retry cannot fix, so the option refuses them. */
const NEVER: readonly string[] = ["AuthenticationError", "MaxConnectionsError"];

function nearestError(kind: string): string | undefined {
  const names = Object.keys(ERROR_CLASSES);
  return didYouMean(kind, names) ?? didYouMean(`${kind}Error`, names);
}

/** A list of kinds of errors. */
export const errorKinds: Kind = {
  check(value, name) {
    const wanted = 'a list of error classes, their names ("ConnectionError") or codes ("LOADING")';
    if (!Array.isArray(value)) throw wrongType(name, wanted, value);
    for (const kind of value) {
      const known = typeof kind === "string" && Object.hasOwn(ERROR_CLASSES, kind);
      const isError = typeof kind === "function" &&
        (kind === Error || kind.prototype instanceof Error);
      if (NEVER.some((never) => kind === never || kind === ERROR_CLASSES[never])) {
        throw new TypeError(
          `Cannot use the option \`${name}\`: ${
            isError ? kind.name : kind
          } is never repeated after, as no repeat can help`,
        );
      }
      if (known || isError || (typeof kind === "string" && /^[A-Z][A-Z0-9_]+$/.test(kind))) continue;
      const near = typeof kind === "string" ? nearestError(kind) : undefined;
      throw wrongType(name, near === undefined ? wanted : `${wanted} (did you mean ${near}?)`, kind);
    }
    return Object.freeze([...value]);
  },
  parse: (list) => list.split(","),
};

/** The option `retry`. */
export const retry: Kind = fields("false or { attempts, backoff, on, unsafe }", {
  attempts: integer(0, Infinity, "a whole number from 0 up"),
  backoff,
  on: errorKinds,
  unsafe: flag,
}, false);

/** The option `reconnect`. */
export const reconnect: Kind = fields("{ attempts, backoff }", {
  attempts: integer(0, Infinity, "a whole number from 0 up, or Infinity"),
  backoff,
});

const prefixes: Kind = {
  check(value, name) {
    const wanted = "a list of beginnings of keys";
    if (!Array.isArray(value)) throw wrongType(name, wanted, value);
    if (!value.every((one) => typeof one === "string" && one !== "")) throw outOfRange(name, wanted, value);
    return Object.freeze([...value]);
  },
  parse: (list) => list.split(","),
};

/** A client-side cache. */
export const cache: Kind = fields(
  "true, false or { maxEntries, maxBytes, ttl, mode, prefixes, optIn, store }",
  {
    maxEntries: integer(1, 2 ** 31 - 1),
    maxBytes: integer(1, Number.MAX_SAFE_INTEGER),
    ttl: duration("never"),
    mode: choice("tracking", "broadcast"),
    prefixes,
    optIn: flag,
    store: callable("a function that makes a store"),
  },
  true,
  false,
);

/** A time that may be switched off; see {@linkcode duration}. */
export const timeLimit: Kind = duration("no limit");
