/**
 * What must hold between options. Safety rests on one of them: a backup's grace must exceed the primary's lease, or an
 * old primary could serve a read after a new one has taken a write (R4, R9).
 */
import { isEveryInterface } from './address.js';
import type { OptionName, OptionValues } from './option-specs.js';
import { refusal } from './parse-value.js';

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
  if (values.leaseMs >= values.graceMs) {
    throw refusal(
      labels.leaseMs,
      values.leaseMs,
      `must be less than ${labels.graceMs}, which is ${values.graceMs}: otherwise a replaced primary could still serve old values`,
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
