/**
 * A hash, whose fields can expire.
 *
 * @module
 */
import { Dict } from "./dict.ts";

/** Fields with values. */
export class Hash {
  /** The name of the type in TYPE. */
  readonly type: "hash" = "hash";
  /** The fields. */
  fields: Dict<string> = new Dict();
  /** The expiry of fields in milliseconds since 1970; present if a field has one. */
  expires: Map<string, number> | undefined;
  /** Whether it has outgrown the compact encoding, which is for good. */
  big = false;

  /** Sets a field; its time to live is gone. Returns whether it is new. */
  set(field: string, value: string): boolean {
    if (this.expires !== undefined) this.persist(field);
    return this.fields.set(field, value);
  }

  /** Takes a field out. */
  delete(field: string): boolean {
    if (this.expires !== undefined) this.persist(field);
    return this.fields.delete(field);
  }

  /** Takes a field's time to live away. Returns whether it had one. */
  persist(field: string): boolean {
    const had = this.expires?.delete(field) ?? false;
    if (this.expires?.size === 0) this.expires = undefined;
    return had;
  }

  /** Lets a field expire. */
  expire(field: string, at: number): void {
    (this.expires ??= new Map()).set(field, at);
  }

  /** The earliest time at which a field expires. */
  nextExpiry(): number {
    let first = Infinity;
    for (const at of this.expires?.values() ?? []) if (at < first) first = at;
    return first;
  }

  /** A copy. */
  clone(): Hash {
    const made = new Hash();
    made.fields = this.fields.clone();
    made.expires = this.expires && new Map(this.expires);
    made.big = this.big;
    return made;
  }
}
