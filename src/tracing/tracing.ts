/**
 * Spans of operations, where the process has an OpenTelemetry SDK: kvnode brings none, and asks once whether there is one, so
 * that nothing is paid for spans that nobody would see.
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

export class Tracing {
  readonly #tracer: Tracer;

  /** Undefined: no SDK is set up in this process, at this moment. */
  static find(): Tracing | undefined {
    const tracer = trace.getTracer('kvnode', packageVersion());
    const provider = trace.getTracerProvider() as { getDelegate?(): object };
    const delegate = provider.getDelegate?.() ?? provider;
    // What the API itself puts in the place of an SDK; it does not export the class.
    return delegate.constructor.name === 'NoopTracerProvider' ? undefined : new Tracing(tracer);
  }

  private constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Of what the client is asked to do: a child of whatever the caller is doing. */
  startOfClient(method: string): OperationSpan {
    return new OperationSpan(
      this.#tracer.startSpan(`kvnode ${method}`, { kind: SpanKind.CLIENT, attributes: attributesOf(method) }),
    );
  }

  /** Of what a node does for a request that belongs to a trace, or begins one of its own. */
  startOfNode(method: string, headers: TraceHeaders | undefined, attributes: Readonly<Record<string, string>>): OperationSpan {
    const parentContext = contextOf(headers);
    const options = { kind: SpanKind.SERVER, attributes: { ...attributesOf(method), ...attributes } };
    return new OperationSpan(this.#tracer.startSpan(`kvnode ${method}`, options, parentContext));
  }
}

export class OperationSpan {
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
  }

  /** For whoever goes on with the operation elsewhere. */
  get headers(): TraceHeaders {
    const spanContext = this.#span.spanContext();
    return { parent: formatTraceParent(spanContext), state: spanContext.traceState?.serialize() };
  }

  succeeded(): void {
    this.#span.end();
  }

  /** The code alone: messages may name keys. */
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
