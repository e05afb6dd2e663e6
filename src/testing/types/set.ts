/**
 * A set: of integers while it is small and has no others, as Redis encodes it.
 *
 * @module
 */
import { parseInteger } from "../numbers.ts";
import { Dict } from "./dict.ts";

/** Members. */
export class SetValue {
  /** The name of the type in TYPE. */
  readonly type: "set" = "set";
  /** Its members. */
  dict: Dict<true> = new Dict();
  /** Whether it is encoded as integers. */
  intset: boolean;

  /** Makes an empty one. */
  constructor(intset: boolean = true) {
    this.intset = intset;
  }

  /** The number of members. */
  get size(): number {
    return this.dict.size;
  }

  /** Whether it has a member. */
  has(member: string): boolean {
    return this.dict.has(member);
  }

  /** Adds a member. Returns whether it is new. `most` is the size up to which it can be encoded as integers. */
  add(member: string, most: number): boolean {
    if (!this.dict.set(member, true)) return false;
    if (this.intset && (this.dict.size > most || parseInteger(member) === undefined)) this.intset = false;
    return true;
  }

  /** Takes a member out. */
  delete(member: string): boolean {
    return this.dict.delete(member);
  }

  /** All members; integers in their order. */
  members(): string[] {
    const members = this.dict.keys();
    return this.intset ? members.sort(byNumber) : members;
  }

  /** A copy. */
  clone(): SetValue {
    const made = new SetValue(this.intset);
    made.dict = this.dict.clone();
    return made;
  }
}

function byNumber(a: string, b: string): number {
  if (a.length < 16 && b.length < 16) return Number(a) - Number(b);
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}
