/**
 * Reads the topology and writes a key, over frames on TCP.
 *
 *     node examples/node/tour.mjs 127.0.0.1:9090
 */
import { Rpc } from './frames-client.mjs';

const getTopology = { rpc: 'kv.v1.Cluster/GetTopology', request: 'GetTopologyRequest', response: 'Topology' };
const put = { rpc: 'kv.v1.KeyValue/Put', request: 'PutRequest', response: 'PutResponse' };
const get = { rpc: 'kv.v1.KeyValue/Get', request: 'GetRequest', response: 'GetResponse' };
const pipeline = { rpc: 'kv.v1.KeyValue/Pipeline', request: 'PipelineRequest', response: 'PipelineResponse' };

/** Sends everything at once, and returns the answers. */
async function call(address, types, message, clusterId) {
  const rpc = new Rpc(address, types, clusterId);
  rpc.send(message);
  rpc.end();
  const answers = [];
  for await (const answer of rpc) answers.push(answer);
  return answers;
}

/** The results by the ids of the operations, from the primary: a node that is not primary has executed nothing, and names it. */
async function execute(address, operations, clusterId) {
  const answers = await call(address, pipeline, { operations }, clusterId);
  const results = answers.flatMap((answer) => answer.results).sort((one, other) => one.id - other.id);
  const primary = results.find(({ error }) => error?.code === 'NOT_PRIMARY')?.error.primaryAddress;
  return primary ? execute(primary, operations, clusterId) : results;
}

const [address = '127.0.0.1:9090'] = process.argv.slice(2);
const [{ clusterId, nodes, shardCount }] = await call(address, getTopology, {});
console.log(`${nodes.length} nodes, ${shardCount} shards; over frames: ${nodes.filter((node) => node.framesVersion > 0).length} nodes`);

const value = (text) => Buffer.from(text);
const [written, found, refused, gone] = await execute(
  address,
  [
    { id: 1, put: { key: 'tour', value: value('Alice') } },
    { id: 2, get: { key: 'tour' } },
    { id: 3, put: { key: 'tour', value: value('Bob'), ifVersion: 0 } },
    { id: 4, delete: { key: 'tour' } },
  ],
  clusterId,
);
console.log(`get: ${found.get.value}, at the version of the put: ${found.get.version === written.put.version}`);
console.log(`put if absent: ${refused.error.code}, executed: ${refused.error.notExecuted ? 'no' : 'unknown'}`);
console.log(`deleted: ${gone.delete.existed}`);

// A unary rpc may go to any node, which forwards it.
const [{ version }] = await call(address, put, { key: 'tour', value: value('Carol') }, clusterId);
const [answer] = await call(address, get, { key: 'tour' }, clusterId);
console.log(`unary get: ${answer.value}, at the version of the put: ${answer.version === version}`);

try {
  await call(address, pipeline, { operations: [] }, 'another-cluster');
} catch (error) {
  console.log(`another cluster: ${error.code}, executed: ${error.executed}`);
}
