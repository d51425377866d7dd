/**
 * Spans of operations, if the process has an OpenTelemetry SDK. kvnode includes no SDK. It looks for one once, so that operations
 * cost nothing more if there is none.
 */
import {
  type Context,
  context,
  createTraceState,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { packageVersion } from '../version.js';
import { formatTraceParent, parseTraceParent, type TraceHeaders } from './trace-parent.js';

/** Starts spans of operations with the SDK of the process. */
export class Tracing {
  readonly #tracer: Tracer;

  /** @returns undefined if no SDK is set up in this process at this moment. */
  static find(): Tracing | undefined {
    const tracer = trace.getTracer('kvnode', packageVersion());
    const provider = trace.getTracerProvider() as { getDelegate?(): object };
    const delegate = provider.getDelegate?.() ?? provider;
    // The API's own substitute for an SDK. The API does not export its class.
    return delegate.constructor.name === 'NoopTracerProvider' ? undefined : new Tracing(tracer);
  }

  private constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Starts the span of a call to the client, as a child of the caller's current span. */
  startOfClient(method: string): OperationSpan {
    return new OperationSpan(
      this.#tracer.startSpan(`kvnode ${method}`, { kind: SpanKind.CLIENT, attributes: attributesOf(method) }),
    );
  }

  /** Starts the span of a request to a node. The request belongs to the trace in `headers`, or begins a trace of its own. */
  startOfNode(method: string, headers: TraceHeaders | undefined, attributes: Readonly<Record<string, string>>): OperationSpan {
    const parentContext = contextOf(headers);
    const options = { kind: SpanKind.SERVER, attributes: { ...attributesOf(method), ...attributes } };
    return new OperationSpan(this.#tracer.startSpan(`kvnode ${method}`, options, parentContext));
  }
}

/** The span of one operation, which ends with its outcome. */
export class OperationSpan {
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
  }

  /** The headers for the process that continues the operation. */
  get headers(): TraceHeaders {
    const spanContext = this.#span.spanContext();
    return { parent: formatTraceParent(spanContext), state: spanContext.traceState?.serialize() };
  }

  succeeded(): void {
    this.#span.end();
  }

  /** Records the code without the error's message, which may contain a key. */
  failed(code: string): void {
    this.#span.setAttribute('error.type', code);
    this.#span.setStatus({ code: SpanStatusCode.ERROR, message: code });
    this.#span.end();
  }
}

function contextOf(headers: TraceHeaders | undefined): Context {
  const parent = parseTraceParent(headers?.parent);
  if (parent === undefined) return context.active();
  const { state } = headers!;
  const spanContext = state === undefined ? parent : { ...parent, traceState: createTraceState(state) };
  return trace.setSpanContext(context.active(), spanContext);
}

function attributesOf(method: string): Record<string, string> {
  return { 'db.system.name': 'kvnode', 'db.operation.name': method };
}
