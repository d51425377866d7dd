/** Reflection on a server of its own: what the first calls get, which find it not built yet. */
import { once } from 'node:events';
import { Client, type ClientDuplexStream, credentials, Server, ServerCredentials, type ServiceDefinition } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ReflectionServer } from './reflection-server.js';

interface Reflected {
  readonly listServicesResponse: { readonly service: readonly { readonly name: string }[] };
}

const server = new Server();
const reflection = new ReflectionServer();
let client: Client;

beforeAll(async () => {
  reflection.addTo(server);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
});

afterAll(() => {
  client.close();
  reflection.close();
  server.forceShutdown();
});

/** The services as the package defines them: a stock tool calls these. */
function stockServices(): readonly ServiceDefinition[] {
  const found: ServiceDefinition[] = [];
  new ReflectionService({}).addToServer({ addService: (definition) => void found.push(definition) });
  return found;
}

async function listServices(service: ServiceDefinition): Promise<readonly string[]> {
  const { path, requestSerialize, responseDeserialize } = service.ServerReflectionInfo!;
  const stream: ClientDuplexStream<object, Reflected> = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
  stream.write({ listServices: '*' });
  const [{ listServicesResponse }] = (await once(stream, 'data')) as [Reflected];
  stream.end();
  await once(stream, 'end');
  return listServicesResponse.service.map(({ name }) => name).sort();
}

test('the first calls, of both versions and at the same time, list the public services', async () => {
  const stock = stockServices();
  expect(stock).toHaveLength(2);
  const lists = await Promise.all([...stock, ...stock].map(listServices));
  for (const list of lists) expect(list).toEqual(['grpc.health.v1.Health', 'kv.v1.Cluster', 'kv.v1.KeyValue']);
});
