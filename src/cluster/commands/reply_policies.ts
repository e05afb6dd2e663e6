/**
 * Merges the replies of several nodes, by the server's command table (`response_policy`).
 *
 * @module
 */
import { type Executed, PartialError, type PartialFailure, RedisError } from "../../errors.ts";

/** Merges the replies of all nodes, none of which is an error. */
type Combine = (replies: readonly unknown[]) => unknown;

/** Numbers, or lists of numbers or booleans by position. */
function fold(step: (one: unknown, other: unknown) => unknown): Combine {
  return (replies) =>
    replies.reduce((sum, reply) => {
      if (!Array.isArray(sum) || !Array.isArray(reply)) return step(sum, reply);
      return sum.map((value, index) => step(value, reply[index]));
    });
}

function add(one: unknown, other: unknown): number | bigint {
  if (typeof one === "number" && typeof other === "number") {
    const sum = one + other;
    if (Number.isSafeInteger(sum)) return sum;
  }
  const sum = BigInt(one as number) + BigInt(other as number);
  return sum <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(sum) : sum;
}

/** A truth, in the form that the others have: a number stays one. */
function truth(one: unknown, value: boolean): unknown {
  return typeof one === "boolean" ? value : Number(value);
}

const COMBINE: Readonly<Record<string, Combine>> = {
  agg_sum: /* @__PURE__ */ fold(add),
  agg_min: /* @__PURE__ */ fold((one, other) => (other as number) < (one as number) ? other : one),
  agg_max: /* @__PURE__ */ fold((one, other) => (other as number) > (one as number) ? other : one),
  agg_logical_and: /* @__PURE__ */ fold((one, other) => truth(one, Boolean(one) && Boolean(other))),
  agg_logical_or: /* @__PURE__ */ fold((one, other) => truth(one, Boolean(one) || Boolean(other))),
  all_succeeded: ([first]) => first,
};

/** Without a policy, lists are concatenated; other replies become a list. */
const together: Combine = (replies) => replies.every(Array.isArray) ? replies.flat() : replies;

/** The outcome of one of several parts. */
export interface Part {
  /** The reply, or the error. */
  readonly outcome: unknown;
  /** The name of the part in messages: the address of a node, or a slot. */
  readonly where: string;
  /** The places of its keys in the call. */
  readonly positions?: readonly number[];
}

/**
 * Merges several replies as `policy` defines.
 *
 * @throws {PartialError} if a part failed and the policy does not allow it.
 */
export function combine(name: string, policy: string | undefined, parts: readonly Part[]): unknown {
  const replies = parts.map(({ outcome }) => outcome);
  if (policy === "one_succeeded") {
    const good = replies.find((reply) => !(reply instanceof Error));
    if (good !== undefined) return good;
  }
  if (replies.some((reply) => reply instanceof Error)) throw partialError(name, parts);
  return (COMBINE[policy ?? ""] ?? together)(replies);
}

/**
 * Returns the outcomes, unless the caller's signal ended some parts. Then it throws the reason of the signal, as a
 * command with one part does.
 */
export function unlessAborted(outcomes: unknown[], signal: AbortSignal | undefined): unknown[] {
  if (signal?.aborted === true && outcomes.includes(signal.reason)) throw signal.reason;
  return outcomes;
}

function executedOf(parts: readonly Part[]): Executed {
  let executed: Executed | undefined;
  for (const { outcome } of parts) {
    const own = outcome instanceof RedisError ? outcome.executed : outcome instanceof Error ? "no" : "yes";
    if (executed !== undefined && own !== executed) return "unknown";
    executed = own;
  }
  return executed ?? "no";
}

/** Creates the error for failed parts: the only error, or one for all. */
export function partialError(name: string, parts: readonly Part[]): Error {
  const failures: PartialFailure[] = [];
  for (const { outcome, where, positions } of parts) {
    if (outcome instanceof Error) failures.push({ where, positions: positions ?? [], error: outcome });
  }
  const first = failures[0]!;
  if (parts.length === 1) return first.error;
  const places = failures.map(({ where }) => where);
  const shown = places.length > 8
    ? `${places.slice(0, 8).join(", ")} and ${places.length - 8} more`
    : places.join(", ");
  return new PartialError(
    `${name} failed in ${failures.length} of ${parts.length} parts (${shown}): ${first.error.message}`,
    {
      code: first.error instanceof RedisError ? first.error.code : "PARTIAL",
      executed: executedOf(parts),
      cause: new AggregateError(failures.map(({ error }) => error), `The parts of ${name} that failed`),
      failures,
      results: parts.map(({ outcome }) => outcome),
    },
  );
}
