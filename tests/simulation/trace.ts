/**
 * The events of a world, as a number: two runs of the same scenario have the same number. On request they are
 * recorded as text, too.
 *
 * @module
 */
import { describeOutcome, type Outcome } from "./history.ts";
import { isFault, type Step } from "./scenario.ts";

/** The characters of a value that are part of the number. */
const HASHED = 16;

/** A trace. */
export class Trace {
  /** Lines of text; empty unless asked for. */
  readonly lines: string[] = [];
  readonly #now: () => number;
  readonly #verbose: boolean;
  #hash = 0x811c9dc5;

  /** `now`: milliseconds since the beginning. */
  constructor(now: () => number, verbose: boolean) {
    this.#now = now;
    this.#verbose = verbose;
  }

  /** The number. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** Adds an event. */
  add(what: string, id: number, outcome?: Outcome): void {
    const now = this.#now();
    this.#mix(what.charCodeAt(0) * 31 + what.charCodeAt(what.length - 1));
    this.#mix(id);
    this.#mix(Math.round(now * 4));
    const code = (outcome?.error as { code?: string } | undefined)?.code;
    if (code !== undefined) this.#mixText(code);
    else if (typeof outcome?.value === "string") this.#mixText(outcome.value.slice(0, HASHED));
    else if (typeof outcome?.value === "number") this.#mix(outcome.value);
    if (!this.#verbose) return;
    const result = outcome === undefined ? "" : `: ${describeOutcome(outcome)}`;
    this.lines.push(`${now.toFixed(2).padStart(10)}  ${what} #${id}${result}`);
  }

  /** A step begins. */
  step(step: Step): void {
    if (this.#verbose) this.lines.push(`${this.#now().toFixed(2).padStart(10)}  ${describeStep(step)}`);
  }

  #mixText(text: string): void {
    for (let at = 0; at < text.length; at++) this.#mix(text.charCodeAt(at));
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ value, 0x01000193);
  }
}

/** A step in one line. */
export function describeStep(step: Step): string {
  const { at: _at, ...rest } = step;
  const name = isFault(step) ? `fault ${step.fault}` : `client ${step.client} ${step.do}`;
  const { fault: _fault, do: _do, client: _client, ...details } = rest as Record<string, unknown>;
  const words = Object.entries(details).map(([key, value]) =>
    key === "part" || key === "parts"
      ? [value].flat().map((part) => Object.values(part as object).join(" ")).join(", ")
      : `${key}=${typeof value === "object" ? JSON.stringify(value) : value}`
  );
  return `${name}${words.length > 0 ? ` (${words.join("; ")})` : ""}`;
}
