/** Tracing of operations through client, nodes and forwarding. */
export { type TraceHeaders, traceHeadersOf, traceParentKey, traceStateKey } from './trace-parent.js';
export { type OperationSpan, Tracing } from './tracing.js';
