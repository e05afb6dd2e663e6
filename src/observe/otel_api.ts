/**
 * What is used of `@opentelemetry/api`, version 1.3 and later: written down here, so that nothing needs that package but
 * those who use it.
 *
 * @module
 */

/** Attributes of spans and metrics. */
export type OtelAttributes = Record<string, string | number | boolean | string[] | undefined>;

/** A span. */
export interface OtelSpan {
  /** Adds attributes. */
  setAttributes(attributes: OtelAttributes): unknown;
  /** Says how it ended. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** Ends it. */
  end(): void;
}

/** Makes spans. */
export interface OtelTracer {
  /** Begins a span. */
  startSpan(
    name: string,
    options?: { kind?: number; attributes?: OtelAttributes },
    context?: unknown,
  ): OtelSpan;
}

/** Counts values into buckets. */
export interface OtelHistogram {
  /** Adds a value. */
  record(value: number, attributes?: OtelAttributes): void;
}

/** Counts. */
export interface OtelCounter {
  /** Adds to the sum. */
  add(value: number, attributes?: OtelAttributes): void;
}

/** Is handed to whoever is asked for values. */
export interface OtelObservableResult {
  /** Tells a value. */
  observe(value: number, attributes?: OtelAttributes): void;
}

/** Asks for values when they are collected. */
export interface OtelObservable {
  /** Adds someone to ask. */
  addCallback(callback: (result: OtelObservableResult) => void): void;
}

/** What an instrument is. */
export interface OtelMetricOptions {
  /** The unit of its values, in UCUM. */
  unit?: string;
  /** What it measures. */
  description?: string;
  /** Advice to the SDK. */
  advice?: { explicitBucketBoundaries?: number[] };
}

/** Makes instruments. */
export interface OtelMeter {
  /** Makes a histogram. */
  createHistogram(name: string, options?: OtelMetricOptions): OtelHistogram;
  /** Makes a counter. */
  createCounter(name: string, options?: OtelMetricOptions): OtelCounter;
  /** Makes a counter whose values are asked for. */
  createObservableCounter(name: string, options?: OtelMetricOptions): OtelObservable;
  /** Makes an instrument whose values are asked for. */
  createObservableUpDownCounter(name: string, options?: OtelMetricOptions): OtelObservable;
}

/** The module `@opentelemetry/api`, as far as it is used. */
export interface OpenTelemetryApi {
  /** Spans. */
  readonly trace: {
    /** Finds a tracer. */
    getTracer(name: string, version?: string): OtelTracer;
    /** A context with this span as the current one. */
    setSpan(context: unknown, span: OtelSpan): unknown;
  };
  /** What goes on around a call. */
  readonly context: {
    /** The context of this moment. */
    active(): unknown;
    /** Runs a function in a context. */
    with(context: unknown, run: () => unknown): unknown;
  };
  /** Metrics. */
  readonly metrics: {
    /** Finds a meter. */
    getMeter(name: string, version?: string): OtelMeter;
  };
  /** Kinds of spans. */
  readonly SpanKind: { readonly CLIENT: number };
  /** How a span ended. */
  readonly SpanStatusCode: { readonly ERROR: number };
}
