/**
 * CONFIG: all parameters of Redis 7.0 can be read and set. Parameters that matter here are checked.
 *
 * @module
 */
import { matches } from "./glob.ts";
import { parseInteger } from "./numbers.ts";
import { CONFIG_ROWS } from "./table/config_rows.ts";

type Kind = "bool" | "number" | "memory" | "text" | "enum";

interface Parameter {
  readonly name: string;
  readonly kind: Kind;
  readonly fixed: boolean;
  readonly choices: readonly string[];
  readonly least: number;
  readonly most: number;
  value: string;
  number: number;
}

const MEMORY = new Set(
  "maxmemory proto-max-bulk-len client-query-buffer-limit repl-backlog-size active-defrag-ignore-bytes hash-max-listpack-value hash-max-ziplist-value zset-max-listpack-value zset-max-ziplist-value hll-sparse-max-bytes stream-node-max-bytes auto-aof-rewrite-min-size maxmemory-clients"
    .split(" "),
);
const ALIASES: Readonly<Record<string, string>> = {
  "hash-max-ziplist-entries": "hash-max-listpack-entries",
  "hash-max-ziplist-value": "hash-max-listpack-value",
  "zset-max-ziplist-entries": "zset-max-listpack-entries",
  "zset-max-ziplist-value": "zset-max-listpack-value",
  "list-max-ziplist-size": "list-max-listpack-size",
  "slave-read-only": "replica-read-only",
  "slave-serve-stale-data": "replica-serve-stale-data",
  "slave-priority": "replica-priority",
};
const CHOICES: Readonly<Record<string, string>> = {
  "maxmemory-policy":
    "volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random noeviction",
  "appendfsync": "everysec always no",
  "loglevel": "debug verbose notice warning",
  "acl-pubsub-default": "allchannels resetchannels",
  "sanitize-dump-payload": "no yes clients",
};
const BOUNDS: Readonly<Record<string, readonly [number, number]>> = {
  "maxclients": [1, 4294967295],
  "proto-max-bulk-len": [1024 * 1024, 2 ** 63],
  "maxmemory-samples": [1, 2147483647],
  "tracking-table-max-keys": [0, 2 ** 63],
};

/** A memory size with its unit, in bytes. */
export function parseMemory(text: string): number | undefined {
  const found = /^(-?\d+)(b|k|kb|m|mb|g|gb)?$/i.exec(text);
  if (found === null) return undefined;
  const unit = (found[2] ?? "b").toLowerCase();
  const base = unit.length === 2 ? 1024 : 1000;
  const power = { b: 0, k: 1, m: 2, g: 3 }[unit[0] as "b"]!;
  return Number(found[1]) * base ** power;
}

let defaults: readonly Parameter[] | undefined;

/** All parameters as they are at first; read once. */
function readDefaults(): readonly Parameter[] {
  return CONFIG_ROWS.trim().split("\n").map((line) => {
    const [name, value = "", fixed] = line.split("\t");
    return describe(name!, value, fixed === "i");
  });
}

/** Parameters by name. */
export class Config {
  readonly #parameters: Map<string, Parameter> = new Map();
  /** Values before their first change, while a snapshot wants to know. */
  journal: Map<string, string> | undefined;
  /** Called after a parameter was set. */
  onSet: (name: string, value: string) => void = () => {};

  /** All defaults; `databases` of them. */
  constructor(databases: number) {
    for (const parameter of defaults ??= readDefaults()) {
      this.#parameters.set(parameter.name, { ...parameter });
    }
    this.#store(this.#parameters.get("databases")!, String(databases));
  }

  /** The number of databases. */
  get databases(): number {
    return this.number("databases");
  }

  /** The value of a number. */
  number(name: string): number {
    return this.#parameters.get(name)!.number;
  }

  /** The value as text. */
  text(name: string): string {
    return this.#parameters.get(name)!.value;
  }

  /** Whether a boolean is on. */
  flag(name: string): boolean {
    return this.text(name) === "yes";
  }

  /** Names and values that fit one of the patterns. */
  list(patterns: readonly string[]): [string, string][] {
    const found: [string, string][] = [];
    for (const { name, value } of this.#parameters.values()) {
      if (patterns.some((pattern) => matches(pattern, name, true))) found.push([name, value]);
    }
    return found;
  }

  /** Returns the error of a value for a parameter, as CONFIG SET words it; `undefined` if it is valid. */
  refusal(name: string, value: string): string | undefined {
    const parameter = this.#parameters.get(name);
    if (parameter === undefined) return "unknown";
    if (parameter.fixed) return "can't set immutable config";
    if (name === "notify-keyspace-events" && !/^[AKEg$lshzxetdmn]*$/.test(value)) {
      return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
    }
    if (name === "client-output-buffer-limit") return outputLimitFault(value);
    if (name === "save" && value !== "" && !/^(\d+ \d+)( \d+ \d+)*$/.test(value.trim())) {
      return "Invalid save parameters";
    }
    switch (parameter.kind) {
      case "bool":
        return /^(yes|no)$/i.test(value) ? undefined : "argument must be 'yes' or 'no'";
      case "enum":
        return parameter.choices.includes(value.toLowerCase())
          ? undefined
          : `argument(s) must be one of the following: ${parameter.choices.join(", ")}`;
      case "memory":
      case "number": {
        const number = parameter.kind === "memory" ? parseMemory(value) : Number(parseInteger(value) ?? NaN);
        if (number === undefined) return "argument must be a memory value";
        if (Number.isNaN(number)) return "argument couldn't be parsed into an integer";
        return number < parameter.least || number > parameter.most
          ? `argument must be between ${parameter.least} and ${parameter.most} inclusive`
          : undefined;
      }
      default:
        return undefined;
    }
  }

  /** Sets a parameter that `refusal` has nothing against. */
  set(name: string, value: string): void {
    const parameter = this.#parameters.get(name)!;
    this.#store(parameter, value);
    const twin = ALIASES[name] ?? Object.keys(ALIASES).find((alias) => ALIASES[alias] === name);
    const other = twin === undefined ? undefined : this.#parameters.get(twin);
    if (other !== undefined) this.#store(other, value);
    this.onSet(name, this.text(name));
  }

  #store(parameter: Parameter, value: string): void {
    const { name, kind } = parameter;
    if (this.journal?.has(name) === false) this.journal.set(name, parameter.value);
    if (kind === "memory") value = String(parseMemory(value));
    if (kind === "bool" || kind === "enum") value = value.toLowerCase();
    if (name === "notify-keyspace-events") value = eventLetters(value);
    parameter.value = value;
    parameter.number = Number(value);
  }
}

/** The letters of the events, `A` for all of them but `m` and `n`. */
function eventLetters(value: string): string {
  const all = [..."g$lshzxetd"];
  const has = new Set(value.includes("A") ? [...all, ...value] : value);
  const classes = all.every((letter) => has.has(letter))
    ? "A"
    : all.filter((letter) => has.has(letter)).join("");
  return classes + ["K", "E", "m", "n"].filter((letter) => has.has(letter)).join("");
}

function outputLimitFault(value: string): string | undefined {
  const words = value.trim().split(/\s+/);
  if (words.length % 4 !== 0) return "Wrong number of arguments in buffer limit configuration.";
  for (let i = 0; i < words.length; i += 4) {
    if (!/^(normal|slave|replica|pubsub)$/i.test(words[i]!)) {
      return "Invalid client class specified in buffer limit configuration.";
    }
    if (
      parseMemory(words[i + 1]!) === undefined || parseMemory(words[i + 2]!) === undefined ||
      !/^\d+$/.test(words[i + 3]!)
    ) {
      return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
    }
  }
  return undefined;
}

function describe(name: string, value: string, fixed: boolean): Parameter {
  const choices = CHOICES[name]?.split(" ") ?? [];
  const kind: Kind = choices.length > 0
    ? "enum"
    : MEMORY.has(name)
    ? "memory"
    : value === "yes" || value === "no"
    ? "bool"
    : /^-?\d+$/.test(value)
    ? "number"
    : "text";
  const [least, most] = BOUNDS[name] ??
    [kind === "memory" ? 0 : -(2 ** 31), kind === "memory" ? 2 ** 63 : 2 ** 63];
  return { name, kind, fixed, choices, least, most, value, number: Number(value) };
}
