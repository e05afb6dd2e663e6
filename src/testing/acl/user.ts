/**
 * Users and their permissions.
 *
 * @module
 */

/** A key pattern with its permissions. */
export interface KeyPattern {
  /** The pattern. */
  readonly pattern: string;
  /** `%R~`. */
  readonly read: boolean;
  /** `%W~`. */
  readonly write: boolean;
}

/** A set of permissions; a user has a root one, and may have more in parentheses. */
export class Selector {
  /** Every command. */
  allCommands = false;
  /** The ids of commands that are allowed. */
  allowed: Set<number> = new Set();
  /** Commands that are allowed with these first arguments only. */
  firstArgs: Map<number, Set<string>> = new Map();
  /** The rules about commands, as they are shown. */
  rules: string[] = ["-@all"];
  /** `~*`. */
  allKeys = false;
  /** Key patterns. */
  keys: KeyPattern[] = [];
  /** `&*`. */
  allChannels = false;
  /** Channel patterns. */
  channels: string[] = [];

  /** A copy. */
  clone(): Selector {
    const made = new Selector();
    Object.assign(made, this);
    made.allowed = new Set(this.allowed);
    made.firstArgs = new Map([...this.firstArgs].map(([id, args]) => [id, new Set(args)]));
    made.rules = [...this.rules];
    made.keys = [...this.keys];
    made.channels = [...this.channels];
    return made;
  }
}

/** A user. */
export class User {
  /** Its name. */
  readonly name: string;
  /** Whether it may log in. */
  enabled = false;
  /** Whether any password does. */
  noPassword = false;
  /** SHA-256 of each password, in hexadecimal. */
  passwords: string[] = [];
  /** `sanitize-payload`, or `skip-sanitize-payload`; `undefined` until one of them is said. */
  sanitize: boolean | undefined;
  /** The root permissions, then the others. */
  selectors: Selector[] = [new Selector()];

  /** A user that may do nothing. */
  constructor(name: string) {
    this.name = name;
  }

  /** Whether a connection is this user without AUTH. */
  get openToAll(): boolean {
    return this.enabled && this.noPassword;
  }

  /** Whether it may do everything, so that nothing has to be checked. */
  get unrestricted(): boolean {
    const root = this.selectors[0]!;
    return root.allCommands && root.allKeys && root.allChannels;
  }

  /** Its flags, as they are shown. */
  get flags(): string[] {
    return [
      this.enabled ? "on" : "off",
      ...this.noPassword ? ["nopass"] : [],
      ...this.sanitize === undefined ? [] : [this.sanitize ? "sanitize-payload" : "skip-sanitize-payload"],
    ];
  }

  /** A copy with another name. */
  clone(name: string = this.name): User {
    const made = new User(name);
    made.enabled = this.enabled;
    made.noPassword = this.noPassword;
    made.passwords = [...this.passwords];
    made.sanitize = this.sanitize;
    made.selectors = this.selectors.map((one) => one.clone());
    return made;
  }
}

/** All users. */
export class UserTable {
  /** The users by name. */
  readonly byName: Map<string, User> = new Map();

  /** Begins with a default user that may do everything. */
  constructor() {
    this.byName.set("default", allPowerful());
  }

  /** The user of connections that have not authenticated. */
  get defaultUser(): User {
    return this.byName.get("default")!;
  }
}

function allPowerful(): User {
  const user = new User("default");
  user.enabled = user.noPassword = true;
  const root = user.selectors[0]!;
  root.allCommands = root.allKeys = root.allChannels = true;
  root.rules = ["+@all"];
  return user;
}
