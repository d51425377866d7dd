/**
 * What must hold between options. Safety rests on one of them: a backup's grace must exceed the primary's lease by more than
 * their clocks drift apart meanwhile, or an old primary could serve a read after a new one has taken a write (R4, R9).
 */
import { isEveryInterface } from './address.js';
import type { OptionName, OptionValues } from './option-specs.js';
import { refusal } from './parse-value.js';

/**
 * By how much the grace must exceed the lease, in percent of the lease: clocks drift in proportion to the time that they measure.
 * Quartz and the slewing of a time service stay below 0.2 % together; a tenth leaves room for clocks of virtual machines.
 */
const graceMarginPercent = 10;

/**
 * @param labels how each option was given, for the message.
 * @throws KvError INVALID_OPTION naming both options, their values and the reason.
 */
export function checkRelations(values: OptionValues, labels: Readonly<Record<OptionName, string>>): void {
  if (values.beaconMs >= values.leaseMs) {
    throw refusal(
      labels.beaconMs,
      values.beaconMs,
      `must be less than ${labels.leaseMs}, which is ${values.leaseMs}: a lease lasts only as long as heartbeats renew it`,
    );
  }
  const leastGraceMs = Math.ceil((values.leaseMs * (100 + graceMarginPercent)) / 100);
  if (values.graceMs < leastGraceMs) {
    throw refusal(
      labels.graceMs,
      values.graceMs,
      `must be at least ${leastGraceMs}, which is ${graceMarginPercent} % more than ${labels.leaseMs}, ${values.leaseMs}: otherwise a replaced primary whose clock is slow could still serve old values`,
    );
  }
  if (isEveryInterface(values.host) && values.advertise === undefined) {
    throw refusal(
      labels.host,
      values.host,
      'means every interface, which is no address that others can connect to; say with --advertise host:port how they reach this node',
    );
  }
}
