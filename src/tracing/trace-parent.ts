/**
 * The headers of W3C Trace Context, version 00. `traceparent` names the trace, and the span in it, that an operation belongs to.
 * `tracestate` carries data of the tracing systems involved. Pure.
 */
import type { SpanContext } from '@opentelemetry/api';

/** Keys of the metadata of unary calls, and names of HTTP headers. */
export const traceParentKey = 'traceparent';
export const traceStateKey = 'tracestate';
/** Length of a `traceparent`. */
export const traceParentBytes = 55;

/** The headers as one process sends them to the next. kvnode passes `state` on without reading it. */
export interface TraceHeaders {
  readonly parent: string;
  readonly state?: string | undefined;
}

/** Limits the state that kvnode passes on. Every participant has to pass on this much (W3C, 3.3.1.5). */
const maxStateBytes = 512;
const stateFormat = /^[\x20-\x7e]+$/;

/** The ids that stand for none. */
const invalidTraceId = '0'.repeat(32);
const invalidSpanId = '0'.repeat(16);
const format = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** @returns undefined without a valid `traceparent`. An invalid state is left out. */
export function traceHeadersOf(parent: string | undefined, state: string | undefined): TraceHeaders | undefined {
  if (parent === undefined || parseTraceParent(parent) === undefined) return undefined;
  const isState = state !== undefined && state.length <= maxStateBytes && stateFormat.test(state);
  return isState ? { parent, state } : { parent };
}

/** @returns undefined if the text is not valid: a request is never refused because of it. */
export function parseTraceParent(text: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = (text?.length === traceParentBytes && format.exec(text)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (traceId === invalidTraceId || spanId === invalidSpanId) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
