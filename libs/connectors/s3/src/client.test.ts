import { parseStoreLocation } from '@wardrobe/store-connector';
import { expect, it } from 'vitest';
import { Clients } from './client.js';
import { readSettings } from './settings.js';

const host = { environment: {}, home: '/nonexistent', temporaryFolder: '/tmp' };

/** Host and path of the request that the client would send. */
async function requestFor(location: string, environment: Record<string, string> = {}): Promise<string> {
  const options = { access_key: 'a', secret_access_key: 'b' };
  const settings = readSettings({ location: parseStoreLocation(location), options, host: { ...host, environment } });
  const clients = new Clients(settings);
  const client = await clients.get();
  const { hostname, path } = client.addressOf({ bucket: settings.place.bucket, key: 'p/CONFIG' });
  clients.close();
  return `${new URL(client.input.endpoint).protocol}//${hostname}${path} ${client.region}`;
}

it('the bucket stands in the host name for those who want it there, and in the path for all others', async () => {
  expect(await requestFor('s3://s3.eu-west-1.amazonaws.com/bucket/p')).toBe('https://bucket.s3.eu-west-1.amazonaws.com/p/CONFIG eu-west-1');
  expect(await requestFor('s3://storage.googleapis.com/bucket/p')).toBe('https://bucket.storage.googleapis.com/p/CONFIG us-east-1');
  expect(await requestFor('s3://oss-cn-hangzhou.aliyuncs.com/bucket/p')).toBe('https://bucket.oss-cn-hangzhou.aliyuncs.com/p/CONFIG cn-hangzhou');
  // A certificate for *.host does not cover a name with a dot more.
  expect(await requestFor('s3://s3.eu-west-1.amazonaws.com/my.bucket/p')).toBe('https://s3.eu-west-1.amazonaws.com/my.bucket/p/CONFIG eu-west-1');
  expect(await requestFor('s3://minio.example.org/bucket/p')).toBe('https://minio.example.org/bucket/p/CONFIG us-east-1');
});

it('the region of the environment counts for Amazon’s host name for all regions, and for no other server', async () => {
  const environment = { AWS_REGION: 'eu-central-1' };
  expect(await requestFor('s3://s3.amazonaws.com/bucket/p', environment)).toBe('https://bucket.s3.eu-central-1.amazonaws.com/p/CONFIG eu-central-1');
  expect(await requestFor('s3://minio.example.org/bucket/p', environment)).toBe('https://minio.example.org/bucket/p/CONFIG us-east-1');
});
