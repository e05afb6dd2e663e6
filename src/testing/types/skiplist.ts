/**
 * A skip list with ranks, ordered by score and then by member.
 *
 * @module
 */

/** A member in its place. */
export class SkipNode {
  /** The member. */
  readonly member: string;
  /** Its score. */
  readonly score: number;
  /** The next node on each level. */
  readonly next: (SkipNode | undefined)[];
  /** The distance to the next node of each level. */
  readonly span: number[];
  /** The node before, on the lowest level. */
  back: SkipNode | undefined;

  /** Creates a node with a number of levels. */
  constructor(member: string, score: number, levels: number) {
    this.member = member;
    this.score = score;
    this.next = new Array(levels).fill(undefined);
    this.span = new Array(levels).fill(0);
  }
}

const LEVELS = 32;

/** Members by score. */
export class SkipList {
  readonly #head: SkipNode = new SkipNode("", -Infinity, LEVELS);
  #tail: SkipNode | undefined;
  #levels = 1;
  #size = 0;
  #seed = 0x2545f491;

  /** The number of members. */
  get size(): number {
    return this.#size;
  }

  /** The node with the lowest score. */
  get first(): SkipNode | undefined {
    return this.#head.next[0];
  }

  /** The node with the highest. */
  get last(): SkipNode | undefined {
    return this.#tail;
  }

  #randomLevels(): number {
    let levels = 1;
    do {
      this.#seed ^= this.#seed << 13;
      this.#seed ^= this.#seed >>> 17;
      this.#seed ^= this.#seed << 5;
    } while ((this.#seed & 3) === 0 && levels++ < LEVELS - 1);
    return levels;
  }

  /** Adds a member that is not there. */
  insert(member: string, score: number): void {
    const update: SkipNode[] = [];
    const rank: number[] = [];
    let node = this.#head;
    for (let level = this.#levels - 1; level >= 0; level--) {
      rank[level] = level === this.#levels - 1 ? 0 : rank[level + 1]!;
      for (
        let next = node.next[level];
        next !== undefined && isBefore(next, score, member);
        next = node.next[level]
      ) {
        rank[level]! += node.span[level]!;
        node = next;
      }
      update[level] = node;
    }
    const levels = this.#randomLevels();
    for (let level = this.#levels; level < levels; level++) {
      rank[level] = 0;
      update[level] = this.#head;
      this.#head.span[level] = this.#size;
    }
    if (levels > this.#levels) this.#levels = levels;
    const made = new SkipNode(member, score, levels);
    for (let level = 0; level < levels; level++) {
      const before = update[level]!;
      made.next[level] = before.next[level];
      before.next[level] = made;
      made.span[level] = before.span[level]! - (rank[0]! - rank[level]!);
      before.span[level] = rank[0]! - rank[level]! + 1;
    }
    for (let level = levels; level < this.#levels; level++) update[level]!.span[level]!++;
    made.back = update[0] === this.#head ? undefined : update[0];
    if (made.next[0] !== undefined) made.next[0].back = made;
    else this.#tail = made;
    this.#size++;
  }

  /** Takes a member out that is there with this score. */
  delete(member: string, score: number): void {
    const update: SkipNode[] = [];
    let node = this.#head;
    for (let level = this.#levels - 1; level >= 0; level--) {
      for (
        let next = node.next[level];
        next !== undefined && isBefore(next, score, member);
        next = node.next[level]
      ) {
        node = next;
      }
      update[level] = node;
    }
    const gone = node.next[0];
    if (gone === undefined || gone.member !== member) return;
    for (let level = 0; level < this.#levels; level++) {
      const before = update[level]!;
      if (before.next[level] === gone) {
        before.span[level]! += gone.span[level]! - 1;
        before.next[level] = gone.next[level];
      } else {
        before.span[level]!--;
      }
    }
    if (gone.next[0] !== undefined) gone.next[0].back = gone.back;
    else this.#tail = gone.back;
    while (this.#levels > 1 && this.#head.next[this.#levels - 1] === undefined) this.#levels--;
    this.#size--;
  }

  /** The place of a member that is there with this score, from 0. */
  rank(member: string, score: number): number {
    let node = this.#head;
    let rank = 0;
    for (let level = this.#levels - 1; level >= 0; level--) {
      for (
        let next = node.next[level];
        next !== undefined && isBefore(next, score, member);
        next = node.next[level]
      ) {
        rank += node.span[level]!;
        node = next;
      }
    }
    return rank;
  }

  /** The node at a place, from 0. */
  at(index: number): SkipNode | undefined {
    let node: SkipNode = this.#head;
    let passed = 0;
    for (let level = this.#levels - 1; level >= 0; level--) {
      for (let next = node.next[level]; next !== undefined; next = node.next[level]) {
        if (passed + node.span[level]! > index + 1) break;
        passed += node.span[level]!;
        node = next;
      }
      if (passed === index + 1) return node;
    }
    return undefined;
  }

  /** Returns the number of leading nodes for which `below` returns `true`. */
  countWhere(below: (node: SkipNode) => boolean): number {
    let node = this.#head;
    let count = 0;
    for (let level = this.#levels - 1; level >= 0; level--) {
      for (let next = node.next[level]; next !== undefined && below(next); next = node.next[level]) {
        count += node.span[level]!;
        node = next;
      }
    }
    return count;
  }

  /** The nodes from one place to another, both included; `reverse` from the last to the first. */
  slice(start: number, stop: number, reverse: boolean = false): SkipNode[] {
    const found: SkipNode[] = [];
    let node = start > stop ? undefined : this.at(reverse ? stop : start);
    for (let left = stop - start + 1; left > 0 && node !== undefined; left--) {
      found.push(node);
      node = reverse ? node.back : node.next[0];
    }
    return found;
  }
}

function isBefore(node: SkipNode, score: number, member: string): boolean {
  return node.score < score || (node.score === score && node.member < member);
}
