import { itemPath } from '../src/keys.js';
import { CONTRACT_CONTENT, type ContractContent, storeContract, writableContract } from '@wardrobe/store-connector/contract';
import { assertMoto, motoAvailable, type S3Server, startMoto, startS3Server } from '@wardrobe/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { keysOf, openAt, RawBucket } from './s3-places.js';

let buckets = 0;

describe.each([
  { name: 's3rver', start: startS3Server, run: true },
  { name: 'moto', start: startMoto, run: motoAvailable() },
])('S3 on $name', ({ name, start, run }) => {
  if (!run) {
    it('says what is left out', () => assertMoto());
    return;
  }
  let server: S3Server;
  beforeAll(async () => {
    server = await start();
  }, 600_000);
  afterAll(() => server.close());

  const fresh = () => {
    buckets += 1;
    return { bucket: `contract-${name}-${buckets}`, options: keysOf(server) };
  };

  storeContract(`s3 on ${name}`, async (content) => {
    const { bucket, options } = fresh();
    await fill(new RawBucket(server, bucket), 'pre/fix', content);
    const store = openAt(`s3://${server.host}:${server.port}/${bucket}/pre/fix`, { options });
    return { store, close: () => store.close() };
  });

  writableContract(`s3 on ${name}`, async () => {
    const { bucket, options } = fresh();
    const location = `s3://${server.host}:${server.port}/${bucket}/stores/one`;
    const store = openAt(location, { options });
    return { store, again: () => Promise.resolve(openAt(location, { options })), close: () => store.close() };
  });
});

async function fill(raw: RawBucket, prefix: string, content: ContractContent | null): Promise<void> {
  await raw.make();
  if (content === null) return;
  await raw.put(`${prefix}/CONFIG`, content.config);
  for (const kind of ['packfile', 'state', 'lock'] as const)
    for (const [id, bytes] of content.items[kind]) await raw.put(`${prefix}/${itemPath(kind, id)}`, bytes);
  for (const path of content.foreign) await raw.put(`${prefix}/${path}`, 'x');
  // What consoles and archive classes leave is neither an item nor foreign.
  for (const path of ['states/', 'states/01/', `${itemPath('state', [...CONTRACT_CONTENT.items.state.keys()][0] as never)}.frozen`])
    await raw.put(`${prefix}/${path}`, '');
}
