import { trace } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterEach, expect, test } from 'vitest';
import { findTracing } from './find-tracing.js';

afterEach(() => trace.disable());

test('tracing - an SDK is found once it is registered', async () => {
  expect(await findTracing()).toBeUndefined();
  new NodeTracerProvider().register();
  expect(await findTracing()).toBeDefined();
});
