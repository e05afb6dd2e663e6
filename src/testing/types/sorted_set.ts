/**
 * A sorted set: members with scores, by member and in order.
 *
 * @module
 */
import { Dict } from "./dict.ts";
import { SkipList } from "./skiplist.ts";

/** Members with scores. */
export class SortedSet {
  /** The name of the type in TYPE. */
  readonly type: "zset" = "zset";
  /** The scores by member. */
  readonly scores: Dict<number> = new Dict();
  /** The members in order. */
  readonly order: SkipList = new SkipList();
  /** Whether it has outgrown the compact encoding, which is for good. */
  big = false;

  /** The number of members. */
  get size(): number {
    return this.scores.size;
  }

  /** The score of a member. */
  score(member: string): number | undefined {
    return this.scores.get(member);
  }

  /** Sets a member's score. */
  set(member: string, score: number): void {
    const before = this.scores.get(member);
    if (before === score) return;
    if (before !== undefined) this.order.delete(member, before);
    this.scores.set(member, score);
    this.order.insert(member, score);
  }

  /** Takes a member out. */
  delete(member: string): boolean {
    const score = this.scores.get(member);
    if (score === undefined) return false;
    this.scores.delete(member);
    this.order.delete(member, score);
    return true;
  }

  /** The place of a member from the lowest score; `undefined` where it is none. */
  rank(member: string): number | undefined {
    const score = this.scores.get(member);
    return score === undefined ? undefined : this.order.rank(member, score);
  }

  /** A copy. */
  clone(): SortedSet {
    const made = new SortedSet();
    for (const { key, value } of this.scores.nodes()) made.set(key, value);
    made.big = this.big;
    return made;
  }
}
