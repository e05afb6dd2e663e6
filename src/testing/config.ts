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
  readonly range: string;
  value: string;
  number: number;
}

const ALIASES: Readonly<Record<string, string>> = {
  "hash-max-ziplist-entries": "hash-max-listpack-entries",
  "hash-max-ziplist-value": "hash-max-listpack-value",
  "zset-max-ziplist-entries": "zset-max-listpack-entries",
  "zset-max-ziplist-value": "zset-max-listpack-value",
  "list-max-ziplist-size": "list-max-listpack-size",
  "slave-read-only": "replica-read-only",
  "slave-serve-stale-data": "replica-serve-stale-data",
  "lua-time-limit": "busy-reply-threshold",
  "slave-priority": "replica-priority",
  "min-slaves-to-write": "min-replicas-to-write",
  "min-slaves-max-lag": "min-replicas-max-lag",
};
/** The minimum of memory sizes that differ from most. */
const MEMORY_BOUNDS: Readonly<Record<string, number>> = { "proto-max-bulk-len": 1024 * 1024 };

/** A memory size with its unit, in bytes. */
export function parseMemory(text: string): number | undefined {
  const found = /^(\d+)(b|k|kb|m|mb|g|gb)?$/i.exec(text);
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
    const [name, value = "", fixed, values = ""] = line.split("\t");
    return describe(name!, value, fixed === "i", values);
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
          ? `argument must be between ${parameter.range} inclusive`
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

function describe(name: string, value: string, fixed: boolean, values: string): Parameter {
  const choices = values.includes("|") ? values.split("|") : [];
  const bounds = /^(-?\d+)\.\.(\d+)$/.exec(values);
  const kind: Kind = choices.length > 0
    ? "enum"
    : values === "memory"
    ? "memory"
    : bounds !== null || (fixed && /^-?\d+$/.test(value))
    ? "number"
    : value === "yes" || value === "no"
    ? "bool"
    : "text";
  const [least, most] = bounds === null
    ? [MEMORY_BOUNDS[name] ?? 0, 2 ** 63]
    : [Number(bounds[1]), Number(bounds[2])];
  const range = bounds === null ? `${least} and 9223372036854775807` : `${bounds[1]} and ${bounds[2]}`;
  return { name, kind, fixed, choices, least, most, range, value, number: Number(value) };
}
