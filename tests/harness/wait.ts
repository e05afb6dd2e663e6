/**
 * Polls servers until they agree, because they do not announce it.
 *
 * @module
 */

const INTERVAL = 25;

/**
 * Polls until nothing is missing.
 *
 * @param what the condition, for the message
 * @param missing returns a description of the missing part, or `undefined`; a rejection counts as missing
 * @param limit milliseconds; default 30,000
 */
export async function waitFor(
  what: string,
  missing: () => Promise<string | undefined>,
  limit: number = 30_000,
): Promise<void> {
  const end = performance.now() + limit;
  while (true) {
    const reason = await missing().catch((error: Error) => error.message);
    if (reason === undefined) return;
    if (performance.now() > end) throw new Error(`Waited ${limit} ms for ${what}, in vain: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
}

/** Reads one field of a reply in the form of INFO (`name:value` lines). */
export function field(info: unknown, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(String(info))?.[1];
}
