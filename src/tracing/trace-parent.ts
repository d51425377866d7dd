/** The header `traceparent` of W3C Trace Context, version 00: which trace, and which span of it, an operation belongs to. Pure. */
import { INVALID_SPANID, INVALID_TRACEID, type SpanContext } from '@opentelemetry/api';

/** In metadata of unary calls. */
export const traceParentKey = 'traceparent';
export const traceParentBytes = 55;

const format = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

export function formatTraceParent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
}

/** Undefined for what is none: a request is never refused for it. */
export function parseTraceParent(text: string | undefined): SpanContext | undefined {
  const [, traceId, spanId, flags] = (text?.length === traceParentBytes && format.exec(text)) || [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  if (traceId === INVALID_TRACEID || spanId === INVALID_SPANID) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
