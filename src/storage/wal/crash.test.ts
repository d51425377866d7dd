import { describe, expect, test } from 'vitest';
import { crashAtEachOperation } from './crash.fixture.js';

describe.each(['always', 'interval'] as const)('mode %s', (mode) => {
  test.each(['the process ends', 'the power fails'] as const)(
    'at whatever file operation %s, what counts as kept is found again, and the log continues',
    async (cause) => {
      expect(await crashAtEachOperation(mode, cause)).toBeGreaterThan(150);
    },
  );
});
