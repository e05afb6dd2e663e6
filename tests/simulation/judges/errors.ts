/**
 * Calls end with errors that are documented: no error shows a defect of the client itself.
 *
 * @module
 */
import { describeOperation, describeOutcome, type History } from "../history.ts";

/** Judges the kinds of errors. */
export function judgeErrors({ operations, closedAt }: History): string[] {
  return operations.filter(({ outcome, client, how, settled }) => {
    const error = outcome?.error;
    if (error === undefined) return false;
    // Scripts of worlds are sent whole where the server does not know them.
    // (Unless a later command on the same key has run, or the client is closed, which sends nothing again.)
    const closed = (closedAt.get(client) ?? Infinity) < settled;
    if (!closed && /^NOSCRIPT (?!.*is not sent again)/.test((error as Error).message ?? "")) {
      return true;
    }
    // It watches nothing: what its connection watches is of an earlier holder.
    if (how === "multi" && (error as { code?: string }).code === "WATCH_CONFLICT") return true;
    return error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  }).map((operation) =>
    `internal: ${describeOperation(operation)} ended with ${describeOutcome(operation.outcome)}`
  );
}
