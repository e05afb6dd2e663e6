/**
 * A scenario as a file: what it has in common on the first line, then a step a line, as JSON.
 *
 * @module
 */
import type { Scenario, Step } from "./scenario.ts";

/** The text of a scenario. */
export function formatScenario({ steps, ...rest }: Scenario): string {
  return [rest, ...steps].map((one) => `${JSON.stringify(one)}\n`).join("");
}

/**
 * The scenario of a text.
 *
 * @throws {SyntaxError} for a text that is none.
 */
export function parseScenario(text: string): Scenario {
  const [first, ...steps] = text.trim().split("\n").map((line) => JSON.parse(line) as unknown);
  return { ...first as Omit<Scenario, "steps">, steps: steps as Step[] };
}
