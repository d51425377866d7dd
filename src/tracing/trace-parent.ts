/**
 * The headers `traceparent` and `tracestate` of W3C Trace Context, version 00: which trace, and which span of it, an operation
 * belongs to, and what those who trace it tell each other. Pure.
 */
import { INVALID_SPANID, INVALID_TRACEID, type SpanContext } from '@opentelemetry/api';

/** In metadata of unary calls, and in headers of HTTP requests. */
export const traceParentKey = 'traceparent';
export const traceStateKey = 'tracestate';
export const traceParentBytes = 55;

/** As they go from one process to the next. `state` is not read here. */
export interface TraceHeaders {
  readonly parent: string;
  readonly state?: string | undefined;
}

/** The least that everybody has to pass on (W3C, 3.3.1.5). */
const maxStateBytes = 512;
const stateFormat = /^[\x20-\x7e]+$/;

const format = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Undefined without a `traceparent` that is one; a state that is none is left out. */
export function traceHeadersOf(parent: string | undefined, state: string | undefined): TraceHeaders | undefined {
  if (parent === undefined || parseTraceParent(parent) === undefined) return undefined;
  const isState = state !== undefined && state.length <= maxStateBytes && stateFormat.test(state);
  return isState ? { parent, state } : { parent };
}

/** Undefined for what is none: a request is never refused for it. */
export function parseTraceParent(text: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = (text?.length === traceParentBytes && format.exec(text)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
