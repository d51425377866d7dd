/** Runs variants of the shell: each check passes on the shell as it is, and fails on the broken one. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { PreparedCheck } from './shell-checks.js';
import { type Edit, loadEdited } from './variant-lab.js';

interface ShellVariant {
  readonly rule: string;
  readonly does: string;
  readonly edits: readonly Edit[];
  readonly check: PreparedCheck;
}

const timeoutMs = 120_000;

export function describeShellVariants(subject: string, variants: readonly ShellVariant[]): void {
  describe(`broken on purpose: ${subject}`, { timeout: timeoutMs }, () => {
    afterEach(() => void vi.restoreAllMocks());
    for (const { rule, does, edits, check } of variants) {
      it(`${rule}: ${does}`, async () => {
        const unbroken = await loadEdited([], check);
        await unbroken();
        vi.restoreAllMocks();
        const broken = await loadEdited(edits, check);
        await expect(broken()).rejects.toThrow(/^(?:[^\n]*: )?expected /);
      });
    }
  });
}
