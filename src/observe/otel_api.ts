/**
 * The used part of `@opentelemetry/api`, version 1.3 and later. Declared here to avoid a dependency.
 *
 * @module
 */

/** Attributes of spans and metrics. */
export type OtelAttributes = Record<string, string | number | boolean | string[] | undefined>;

/** A span. */
export interface OtelSpan {
  /** Adds attributes. */
  setAttributes(attributes: OtelAttributes): unknown;
  /** Sets the outcome. */
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

/** Receives the values of an observable instrument. */
export interface OtelObservableResult {
  /** Records a value. */
  observe(value: number, attributes?: OtelAttributes): void;
}

/** Asks for values when they are collected. */
export interface OtelObservable {
  /** Adds someone to ask. */
  addCallback(callback: (result: OtelObservableResult) => void): void;
}

/** The options of an instrument. */
export interface OtelMetricOptions {
  /** The unit of its values, in UCUM. */
  unit?: string;
  /** The description of the measured value. */
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
  /** The context of a call. */
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
  /** The status codes of spans. */
  readonly SpanStatusCode: { readonly ERROR: number };
}
