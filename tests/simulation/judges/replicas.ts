/**
 * A write that resolved with `replicas` is on that number of replicas.
 *
 * @module
 */
import { describeOperation, type History } from "../history.ts";

/** Judges writes that replicas had to acknowledge. */
export function judgeReplicas({ operations }: History): string[] {
  return operations.flatMap((operation) => {
    const { replicas, outcome } = operation;
    if (replicas?.have === undefined || outcome?.error !== undefined) return [];
    const { wanted, have } = replicas;
    return have >= wanted
      ? []
      : [`replicas: ${describeOperation(operation)} resolved when ${have} of ${wanted} had it`];
  });
}
