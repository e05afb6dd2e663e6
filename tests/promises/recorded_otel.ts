/**
 * An OpenTelemetry API that keeps all that it is handed: more than any exporter would write down.
 *
 * @module
 */
import { type Observer, openTelemetry } from "../../src/observe/otel.ts";
import type { OpenTelemetryApi, OtelObservableResult, OtelSpan } from "../../src/observe/otel.ts";

/** An observer that records to OpenTelemetry, and what that got: names, attributes, statuses, values. */
export interface Recorded {
  readonly observer: Observer;
  /**
   * Returns all records so far as one text of plain data; reads the values of pools, as a collection of
   * metrics does.
   */
  read(): string;
}

/** Makes one. */
export function recordedOpenTelemetry(): Recorded {
  const kept: unknown[] = [];
  const asked: ((result: OtelObservableResult) => void)[] = [];
  const keep = (...all: unknown[]): void => void kept.push(...all);
  const span: OtelSpan = { setAttributes: keep, setStatus: keep, end: () => {} };
  const api: OpenTelemetryApi = {
    trace: {
      getTracer: () => ({ startSpan: (name, options) => (keep(name, options), span) }),
      setSpan: (context) => context,
    },
    context: { active: () => undefined, with: (_, run) => run() },
    metrics: {
      getMeter: () => ({
        createHistogram: (name) => ({ record: (value, attributes) => keep(name, value, attributes) }),
        createCounter: (name) => ({ add: (value, attributes) => keep(name, value, attributes) }),
        createObservableCounter: () => ({ addCallback: (callback) => void asked.push(callback) }),
        createObservableUpDownCounter: () => ({ addCallback: (callback) => void asked.push(callback) }),
      }),
    },
    SpanKind: { CLIENT: 2 },
    SpanStatusCode: { ERROR: 2 },
  };
  return {
    observer: openTelemetry({ api }),
    read: () => {
      for (const callback of asked) callback({ observe: keep });
      return JSON.stringify(kept);
    },
  };
}
