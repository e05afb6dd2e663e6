/**
 * ACL rules as words.
 *
 * @module
 */
import type { Command } from "../state.ts";
import { hashPassword } from "./sha256.ts";
import { type KeyPattern, Selector, User } from "./user.ts";

/** A rule that cannot be applied; its text is shown behind `Error in ACL SETUSER modifier`. */
export class RuleError {
  /** The description of the error. */
  readonly text: string;
  /** Whether the text is the whole error. */
  readonly whole: boolean;
  /** Makes one. */
  constructor(text: string, whole: boolean = false) {
    this.text = text;
    this.whole = whole;
  }
}

const UNKNOWN = "Unknown command or category name in ACL";
const AFTER_ALL_KEYS =
  "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns";
const AFTER_ALL_CHANNELS =
  "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels";

function withSubcommands(command: Command): Command[] {
  return [command, ...command.subcommands?.values() ?? []];
}

/** Sets or clears commands, and remembers the rule as it is to be shown. */
function change(
  selector: Selector,
  commands: Map<string, Command>,
  chosen: readonly Command[],
  allow: boolean,
  rule: string,
): void {
  if (selector.allCommands) {
    if (allow) return;
    // From everything to everything but: the set has to be spelled out.
    for (const command of commands.values()) {
      for (const one of withSubcommands(command)) selector.allowed.add(one.id);
    }
    selector.allCommands = false;
  }
  let changes = false;
  for (const { id } of chosen) {
    if (selector.allowed.has(id) !== allow) changes = true;
    if (allow) selector.allowed.add(id);
    else selector.allowed.delete(id);
    if (selector.firstArgs.delete(id)) changes = true;
  }
  if (!changes) return;
  const name = rule.slice(1);
  selector.rules = selector.rules.filter((old, index) =>
    index === 0 || (old.slice(1) !== name && !old.slice(1).startsWith(name + "|"))
  );
  selector.rules.push(rule);
}

function changeCommands(selector: Selector, commands: Map<string, Command>, word: string): void {
  const allow = word[0] === "+";
  const name = word.slice(1).toLowerCase();
  if (name === "@all") return setAll(selector, allow);
  if (name[0] === "@") {
    const all = [...commands.values()].flatMap(withSubcommands);
    const chosen = all.filter(({ categories }) => categories.includes(name.slice(1)));
    if (!CATEGORIES.includes(name.slice(1))) throw new RuleError(UNKNOWN);
    return change(selector, commands, chosen, allow, `${word[0]}${name}`);
  }
  const [first, sub, ...more] = name.split("|");
  const command = commands.get(first!);
  if (command === undefined || more.length > 0) throw new RuleError(UNKNOWN);
  if (sub === undefined) {
    return change(selector, commands, withSubcommands(command), allow, `${word[0]}${name}`);
  }
  const found = command.subcommands?.get(sub);
  if (found !== undefined) return change(selector, commands, [found], allow, `${word[0]}${name}`);
  if (command.subcommands !== undefined || sub === "") throw new RuleError(UNKNOWN);
  if (!allow) throw new RuleError("Allowing first-arg of a subcommand is not supported");
  const firsts = selector.firstArgs.get(command.id) ?? new Set();
  selector.firstArgs.set(command.id, firsts.add(sub));
  selector.rules.push(`+${name}`);
}

function setAll(selector: Selector, allow: boolean): void {
  selector.allCommands = allow;
  selector.allowed.clear();
  selector.firstArgs.clear();
  selector.rules = [allow ? "+@all" : "-@all"];
}

function keyPattern(word: string): KeyPattern {
  if (word[0] === "~") return { pattern: word.slice(1), read: true, write: true };
  const found = /^%([rwRW]+)~/.exec(word);
  if (found === null) throw new RuleError("Syntax error");
  const flags = found[1]!.toUpperCase();
  return { pattern: word.slice(found[0].length), read: flags.includes("R"), write: flags.includes("W") };
}

function applyToSelector(selector: Selector, commands: Map<string, Command>, word: string): boolean {
  const lower = word.toLowerCase();
  if (lower === "allkeys" || word === "~*") {
    selector.allKeys = true;
    selector.keys = [];
  } else if (lower === "resetkeys") {
    selector.allKeys = false;
    selector.keys = [];
  } else if (lower === "allchannels" || word === "&*") {
    selector.allChannels = true;
    selector.channels = [];
  } else if (lower === "resetchannels") {
    selector.allChannels = false;
    selector.channels = [];
  } else if (lower === "allcommands") setAll(selector, true);
  else if (lower === "nocommands") setAll(selector, false);
  else if (word[0] === "~" || word[0] === "%") {
    if (selector.allKeys) throw new RuleError(AFTER_ALL_KEYS);
    const pattern = keyPattern(word);
    if (/[\s\0]/.test(pattern.pattern)) throw new RuleError("Syntax error");
    if (!selector.keys.some((old) => showKey(old) === showKey(pattern))) selector.keys.push(pattern);
  } else if (word[0] === "&") {
    if (selector.allChannels) throw new RuleError(AFTER_ALL_CHANNELS);
    if (/[\s\0]/.test(word)) throw new RuleError("Syntax error");
    if (!selector.channels.includes(word.slice(1))) selector.channels.push(word.slice(1));
  } else if (word[0] === "+" || word[0] === "-") changeCommands(selector, commands, word);
  else return false;
  return true;
}

const HASH = /^[0-9a-f]{64}$/;

function checkHash(hash: string): string {
  if (!HASH.test(hash)) {
    throw new RuleError(
      "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
    );
  }
  return hash;
}

function removePassword(user: User, hash: string): void {
  if (!user.passwords.includes(hash)) {
    throw new RuleError("The password you are trying to remove from the user does not exist");
  }
  user.passwords = user.passwords.filter((one) => one !== hash);
}

/** Applies one rule to a user.
 *
 * @throws {RuleError} where it is none. */
export function applyRule(user: User, commands: Map<string, Command>, word: string): void {
  const lower = word.toLowerCase();
  if (lower === "on") user.enabled = true;
  else if (lower === "off") user.enabled = false;
  else if (lower === "nopass") {
    user.noPassword = true;
    user.passwords = [];
  } else if (lower === "resetpass") {
    user.noPassword = false;
    user.passwords = [];
  } else if (lower === "sanitize-payload") user.sanitize = true;
  else if (lower === "skip-sanitize-payload") user.sanitize = false;
  else if (word[0] === ">" || word[0] === "#") {
    const hash = word[0] === ">" ? hashPassword(word.slice(1)) : checkHash(word.slice(1));
    if (!user.passwords.includes(hash)) user.passwords.push(hash);
    user.noPassword = false;
  } else if (word[0] === "<") removePassword(user, hashPassword(word.slice(1)));
  else if (word[0] === "!") removePassword(user, checkHash(word.slice(1)));
  else if (lower === "reset") {
    const fresh = new User(user.name);
    Object.assign(user, {
      enabled: false,
      noPassword: false,
      passwords: [],
      selectors: fresh.selectors,
      sanitize: true,
    });
  } else if (lower === "clearselectors") user.selectors = user.selectors.slice(0, 1);
  else if (word[0] === "(") {
    const selector = new Selector();
    for (const rule of word.slice(1, -1).split(" ")) {
      if (rule !== "" && !applyToSelector(selector, commands, rule)) throw new RuleError("Syntax error");
    }
    user.selectors.push(selector);
  } else if (!applyToSelector(user.selectors[0]!, commands, word)) throw new RuleError("Syntax error");
}

/** Words in parentheses as one.
 *
 * @throws {RuleError} where one is not closed. */
export function joinSelectors(words: readonly string[]): string[] {
  const joined: string[] = [];
  let open: string | undefined;
  for (const word of words) {
    if (open !== undefined) open += ` ${word}`;
    else if (word[0] === "(") open = word;
    else joined.push(word);
    if (open?.endsWith(")")) {
      joined.push(open);
      open = undefined;
    }
  }
  if (open !== undefined) {
    throw new RuleError(`Unmatched parenthesis in acl selector starting at '${open.split(" ")[0]}'.`, true);
  }
  return joined;
}

/** All categories. */
export const CATEGORIES: readonly string[] =
  "keyspace read write set sortedset list hash string bitmap hyperloglog geo stream pubsub admin fast slow blocking dangerous connection transaction scripting"
    .split(" ");

/** A key pattern as it is shown. */
export function showKey({ pattern, read, write }: KeyPattern): string {
  return `${read && write ? "~" : read ? "%R~" : "%W~"}${pattern}`;
}

/** The commands, keys and channels of a selector as they are shown. */
export function showSelector(selector: Selector): { commands: string; keys: string; channels: string } {
  return {
    commands: selector.rules.join(" "),
    keys: selector.allKeys ? "~*" : selector.keys.map(showKey).join(" "),
    channels: selector.allChannels ? "&*" : selector.channels.map((one) => `&${one}`).join(" "),
  };
}

function selectorLine(selector: Selector): string {
  const { commands, keys, channels } = showSelector(selector);
  const known = selector.allChannels ? "&*" : `resetchannels${channels === "" ? "" : ` ${channels}`}`;
  return [keys, known, commands].filter((part) => part !== "").join(" ");
}

/** A user's line of ACL LIST. */
export function showUser(user: User): string {
  const [root, ...others] = user.selectors as [Selector, ...Selector[]];
  return [
    "user",
    user.name,
    ...user.flags,
    ...user.passwords.map((hash) => `#${hash}`),
    selectorLine(root),
    ...others.map((one) => `(${selectorLine(one)})`),
  ].join(" ");
}
