import type { RecordedRequest } from '../protocol/request.js';
import { RequestTable } from './request-table.js';

/** The recognised requests (R16) of a whole table once entries with the added ones were applied, in their order. */
export function requestsAfter(table: readonly RecordedRequest[], added: readonly RecordedRequest[]): RecordedRequest[] {
  if (added.length === 0) return [...table];
  const requests = new RequestTable();
  requests.load(table);
  for (const request of added) requests.apply(request);
  return requests.export(Number.POSITIVE_INFINITY);
}
