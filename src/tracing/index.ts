/** Traces that go through client, nodes and forwarding. */
export { traceParentBytes, traceParentKey } from './trace-parent.js';
export { type OperationSpan, Tracing } from './tracing.js';
