import type { MethodDefinition } from '@grpc/proto-loader';
import { expect, test } from 'vitest';
import { clusterService, keyValueService } from './client-contract.js';
import type { NodeStatus, PutRequest, PutResponse, TopologyReport } from './kv-api.js';
import { keyValueServiceWithRawKeys } from './server-contract.js';

/** The method with the types of its messages, which proto-loader leaves open. */
type Method<Request, Response> = MethodDefinition<Request, Request, Response, Response>;

const put = keyValueService.Put as Method<PutRequest, PutResponse>;
const putWithRawKey = keyValueServiceWithRawKeys.Put as unknown as Method<PutRequest<Buffer>, PutResponse>;

test('a decoded request matches its generated type', () => {
  const sent: PutRequest = { key: 'k', value: Buffer.from('v'), ifVersion: 2 ** 40 };
  const expected: PutRequest = {
    key: 'k',
    value: Buffer.from('v'),
    ifVersion: 2 ** 40,
    keepTtl: false,
    sync: false,
    _ifVersion: 'ifVersion',
  };
  expect(put.requestDeserialize(put.requestSerialize(sent))).toEqual(expected);
  const unconditional = put.requestDeserialize(put.requestSerialize({ key: 'k', value: Buffer.alloc(0) }));
  expect(unconditional).toEqual({ key: 'k', value: Buffer.alloc(0), keepTtl: false, sync: false });
});

test('a server reads the key as bytes, and the other fields as a client does', () => {
  const decoded = putWithRawKey.requestDeserialize(put.requestSerialize({ key: 'ü', value: Buffer.from('v'), ifVersion: 0 }));
  const expected = {
    key: Buffer.from('ü'),
    value: Buffer.from('v'),
    ifVersion: 0,
    keepTtl: false,
    sync: false,
    _ifVersion: 'ifVersion',
  };
  expect(decoded).toEqual(expected);
});

test('fields that are absent on the wire have the defaults that the generated types promise', () => {
  const getTopology = clusterService.GetTopology as Method<object, TopologyReport>;
  const topology: TopologyReport = {
    clusterId: '',
    nodes: [],
    shards: [],
    placementVersion: 0,
    shardCount: 0,
    partial: false,
    nodesVersion: 0,
  };
  expect(getTopology.responseDeserialize(Buffer.alloc(0))).toEqual(topology);
  const getStatus = clusterService.GetNodeStatus as Method<object, NodeStatus>;
  // Field 6 holds the replicas: one whose fields are all absent.
  const [replica] = getStatus.responseDeserialize(Buffer.of((6 << 3) | 2, 0)).replicas;
  expect(replica).toMatchObject({ lastSeq: 0, role: '', peers: [], held: null, found: null, lost: null });
});
