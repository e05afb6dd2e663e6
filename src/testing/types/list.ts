/**
 * A list: a ring with both ends open.
 *
 * @module
 */

/** A list by position: O(1) at both ends; in the middle it moves the shorter side. */
export class List {
  /** The name of the type in TYPE. */
  readonly type: "list" = "list";
  #ring: (string | undefined)[] = new Array(16);
  #head = 0;
  #size = 0;

  /** The number of elements. */
  get size(): number {
    return this.#size;
  }

  #place(index: number): number {
    return (this.#head + index) & (this.#ring.length - 1);
  }

  #grow(): void {
    if (this.#size < this.#ring.length) return;
    const wider: (string | undefined)[] = new Array(this.#ring.length * 2);
    for (let i = 0; i < this.#size; i++) wider[i] = this.#ring[this.#place(i)];
    this.#ring = wider;
    this.#head = 0;
  }

  /** The element at a place. */
  at(index: number): string {
    return this.#ring[this.#place(index)]!;
  }

  /** Sets the element at a place. */
  set(index: number, element: string): void {
    this.#ring[this.#place(index)] = element;
  }

  /** Adds at the end that `left` names. */
  push(element: string, left: boolean): void {
    this.#grow();
    if (left) {
      this.#head = this.#place(-1);
      this.#ring[this.#head] = element;
    } else {
      this.#ring[this.#place(this.#size)] = element;
    }
    this.#size++;
  }

  /** Takes from an end. */
  pop(left: boolean): string {
    const place = left ? this.#head : this.#place(this.#size - 1);
    const element = this.#ring[place]!;
    this.#ring[place] = undefined;
    if (left) this.#head = this.#place(1);
    this.#size--;
    return element;
  }

  /** Adds before a place. */
  insert(index: number, element: string): void {
    this.push(element, false);
    for (let i = this.#size - 1; i > index; i--) this.set(i, this.at(i - 1));
    this.set(index, element);
  }

  /** The elements from one place to another, both included. */
  range(start: number, stop: number): string[] {
    const found: string[] = [];
    for (let i = start; i <= stop; i++) found.push(this.at(i));
    return found;
  }

  /** Keeps the elements that pass. */
  retain(test: (element: string, index: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.#size; i++) {
      const element = this.at(i);
      if (test(element, i)) this.set(kept++, element);
    }
    for (let i = kept; i < this.#size; i++) this.#ring[this.#place(i)] = undefined;
    this.#size = kept;
  }

  /** A copy. */
  clone(): List {
    const made = new List();
    made.#ring = [...this.#ring];
    made.#head = this.#head;
    made.#size = this.#size;
    return made;
  }
}
