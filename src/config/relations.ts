/**
 * Relations that must hold between options.
 *
 * Safety rests on one of them. A backup's grace must exceed the primary's lease by more than their clocks drift apart
 * during that time. Otherwise an old primary could serve a read after a new primary has accepted a write (R4, R9).
 */
import { isEveryInterface } from './address.js';
import type { OptionName, OptionValues } from './option-specs.js';
import { refusedOption } from './reading.js';

/**
 * The least margin of the grace over the lease, in percent of the lease, since clocks drift in proportion to the time
 * they measure. Quartz and the slewing of a time service stay below 0.2 % together; a tenth leaves room for virtual
 * machines.
 */
const graceMarginPercent = 10;

/**
 * @param labels where each option was set, for the message.
 * @throws KvError INVALID_OPTION naming both options, their values and the reason.
 */
export function checkRelations(values: OptionValues, labels: Readonly<Record<OptionName, string>>): void {
  if (values.beaconMs >= values.leaseMs) {
    throw refusedOption(
      labels.beaconMs,
      values.beaconMs,
      `must be less than ${labels.leaseMs}, which is ${values.leaseMs}: a lease lasts only as long as heartbeats renew it`,
    );
  }
  const leastGraceMs = Math.ceil((values.leaseMs * (100 + graceMarginPercent)) / 100);
  if (values.graceMs < leastGraceMs) {
    throw refusedOption(
      labels.graceMs,
      values.graceMs,
      `must be at least ${leastGraceMs}, which is ${graceMarginPercent} % more than ${labels.leaseMs}, ${values.leaseMs}: otherwise a replaced primary whose clock is slow could still serve old values`,
    );
  }
  if (isEveryInterface(values.host) && values.advertise === undefined) {
    throw refusedOption(
      labels.host,
      values.host,
      'means every interface, so no other machine can connect to it; give an address with --advertise host:port',
    );
  }
}

/** @throws KvError INVALID_OPTION unless the place of the data is one that the node can use. */
export function checkState(values: OptionValues, labels: Readonly<Record<OptionName, string>>): void {
  const { state, postgres, dataDir } = values;
  if (state !== 'memory' && dataDir === undefined)
    throw refusedOption(labels.state, state, 'needs a folder for the log of writes; give one with --data-dir DIR');
  if (state === 'postgres' && postgres === undefined)
    throw refusedOption(
      labels.state,
      state,
      'needs a database; give its URL with --postgres, or in the environment as KVNODE_POSTGRES',
    );
  if (state !== 'postgres' && postgres !== undefined)
    throw refusedOption(labels.state, state, `contradicts ${labels.postgres}: give --state postgres, or omit the URL`);
}

/** @throws KvError INVALID_OPTION if data is to be on disk and there is no place for it, or the other way round. */
export function checkDataDir({ durability, dataDir }: OptionValues, labels: Readonly<Record<OptionName, string>>): void {
  if (durability === undefined || (durability === 'memory') === (dataDir === undefined)) return;
  if (durability === 'memory')
    throw refusedOption(
      labels.durability,
      durability,
      `contradicts ${labels.dataDir}, which keeps the data on disk: omit one of the two`,
    );
  throw refusedOption(labels.durability, durability, 'needs a folder for the data; give one with --data-dir DIR');
}
