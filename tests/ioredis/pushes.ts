/**
 * Writes that can be counted afterwards: each adds a text of its own to a list.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Client } from "./differential.ts";

/** The outcomes of the texts. */
interface Outcomes {
  readonly acknowledged: string[];
  /** Rejected, and may have run. */
  readonly unknown: string[];
  /** Rejected, and did not run. */
  readonly refused: string[];
}

/** Writers to lists, one for each key. */
export class Pushes {
  readonly #client: Client;
  readonly #keys: readonly string[];
  readonly #writers: Promise<Outcomes>[];
  #over = false;

  /** Begins to write. */
  constructor(client: Client, keys: readonly string[]) {
    this.#client = client;
    this.#keys = keys;
    this.#writers = keys.map((key) => this.#write(key));
  }

  async #write(key: string): Promise<Outcomes> {
    const outcomes: Outcomes = { acknowledged: [], unknown: [], refused: [] };
    for (let count = 0; !this.#over; count++) {
      const text = `${key} ${count}`;
      try {
        await this.#client.rpush(key, text);
        outcomes.acknowledged.push(text);
      } catch (error) {
        const { executed } = error as { executed?: string };
        assert.ok(executed !== "yes", `a write that ran was rejected: ${error}`);
        (executed === "no" ? outcomes.refused : outcomes.unknown).push(text);
      }
    }
    return outcomes;
  }

  /**
   * Ends the writers and checks the lists: nothing is there twice, and nothing that did not run; with `keepsAll`, what
   * was acknowledged is there.
   */
  async check(keepsAll: boolean): Promise<void> {
    this.#over = true;
    const all = await Promise.all(this.#writers);
    for (const [index, { acknowledged, unknown, refused }] of all.entries()) {
      const key = this.#keys[index]!;
      const list: string[] = await this.#client.lrange(key, 0, -1);
      const there = new Set(list);
      assert.equal(there.size, list.length, `${key}: a write ran twice`);
      assert.ok(!refused.some((text) => there.has(text)), `${key}: a refused write ran`);
      assert.ok(acknowledged.length > 0);
      if (!keepsAll) continue;
      assert.deepEqual(acknowledged.filter((text) => !there.has(text)), [], `${key}: a write is lost`);
      const known = new Set([...acknowledged, ...unknown]);
      assert.deepEqual(list.filter((text) => !known.has(text)), []);
    }
  }
}
