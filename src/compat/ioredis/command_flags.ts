/**
 * The properties of commands in ioredis: when they may be sent, and which of their arguments is a timeout.
 *
 * @module
 */

/** The names of commands by property. */
export const FLAGS = {
  VALID_IN_SUBSCRIBER_MODE: [
    "subscribe",
    "psubscribe",
    "unsubscribe",
    "punsubscribe",
    "ssubscribe",
    "sunsubscribe",
    "ping",
    "quit",
  ],
  VALID_IN_MONITOR_MODE: ["monitor", "auth"],
  ENTER_SUBSCRIBER_MODE: ["subscribe", "psubscribe", "ssubscribe"],
  EXIT_SUBSCRIBER_MODE: ["unsubscribe", "punsubscribe", "sunsubscribe"],
  WILL_DISCONNECT: ["quit"],
  HANDSHAKE_COMMANDS: ["auth", "hello", "select", "client", "readonly", "info"],
  IGNORE_RECONNECT_ON_ERROR: ["client"],
  BLOCKING_COMMANDS: [
    "blpop",
    "brpop",
    "brpoplpush",
    "blmove",
    "blmovem",
    "bzpopmin",
    "bzpopmax",
    "bzmpop",
    "blmpop",
    "xread",
    "xreadgroup",
  ],
  LAST_ARG_TIMEOUT_COMMANDS: ["blpop", "brpop", "brpoplpush", "blmove", "bzpopmin", "bzpopmax"],
  FIRST_ARG_TIMEOUT_COMMANDS: ["bzmpop", "blmpop"],
  BLOCK_OPTION_COMMANDS: ["xread", "xreadgroup"],
} as const;

/** The name of a list of {@linkcode FLAGS}. */
export type FlagName = keyof typeof FLAGS;

let sets: Readonly<Record<FlagName, ReadonlySet<string>>> | undefined;

/** Whether a command, in capitals or not, is in a list. */
export function hasFlag(flag: FlagName, name: string): boolean {
  sets ??= Object.fromEntries(
    Object.entries(FLAGS).map(([key, names]) => [key, new Set<string>(names)]),
  ) as unknown as Record<FlagName, ReadonlySet<string>>;
  return sets[flag].has(name.toLowerCase());
}

/** Commands that a server takes while it loads its data. */
export const LOADING_COMMANDS: ReadonlySet<string> = new Set(
  ("auth command debug discard echo exec hello info lastsave monitor multi psubscribe publish punsubscribe quit " +
    "readonly readwrite replconf reset role select shutdown spublish ssubscribe subscribe sunsubscribe time " +
    "unsubscribe unwatch watch").split(" "),
);

function numberOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value !== "string" && !(value instanceof Uint8Array)) return undefined;
  const number = Number(typeof value === "string" ? value : new TextDecoder().decode(value));
  return Number.isFinite(number) ? number : undefined;
}

function milliseconds(seconds: unknown): number | undefined {
  const value = numberOf(seconds);
  return value === undefined ? undefined : value <= 0 ? 0 : value * 1_000;
}

/**
 * Returns the milliseconds for which a blocking command may block: 0 without limit, null if it does not block,
 * undefined if unknown.
 */
export function blockingTimeout(command: string, args: readonly unknown[]): number | null | undefined {
  if (args.length === 0) return undefined;
  const name = command.toLowerCase();
  if (name === "blmovem") return milliseconds(args[4]);
  if (hasFlag("LAST_ARG_TIMEOUT_COMMANDS", name)) return milliseconds(args[args.length - 1]);
  if (hasFlag("FIRST_ARG_TIMEOUT_COMMANDS", name)) return milliseconds(args[0]);
  if (!hasFlag("BLOCK_OPTION_COMMANDS", name)) return undefined;
  const at = args.findIndex((arg) => String(arg).toLowerCase() === "block");
  if (at < 0) return null;
  const duration = numberOf(args[at + 1]);
  return duration === undefined ? undefined : Math.max(duration, 0);
}
