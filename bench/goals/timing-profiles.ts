/** The measured timings: kvnode's defaults, and those that docs/operations.md recommends for fast failovers. */

export const profileNames = ['default', 'fast'] as const;
export type ProfileName = (typeof profileNames)[number];

export interface TimingProfile {
  readonly name: ProfileName;
  /** Options of every node, one word each. */
  readonly words: readonly string[];
}

export const timingProfiles: Readonly<Record<ProfileName, TimingProfile>> = {
  default: { name: 'default', words: [] },
  fast: { name: 'fast', words: ['--beacon-ms', '50', '--lease-ms', '500', '--grace-ms', '600'] },
};
