import { parseStoreLocation } from '@wardrobe/store-connector';
import { describe, expect, it } from 'vitest';
import { endpointUrl, isHostStyle, mayCreateAt, parsePlace, regionOfHost } from './place.js';

const place = (location: string, options: Record<string, string> = {}) => parsePlace(parseStoreLocation(location), options);

describe('places of S3 stores', () => {
  it('all variants of a location reach the same keys', () => {
    const variants: [string, Record<string, string>][] = [
      ['s3://127.0.0.1:9000/bucket/pre/fix', {}],
      ['s3://127.0.0.1/bucket/pre/fix', { port: '9000' }],
      ['s3://127.0.0.1', { port: '9000', root: '/bucket/pre/fix' }],
      ['s3://bucket/pre/fix', { endpoint: '127.0.0.1:9000' }],
      ['s3://bucket', { endpoint: '127.0.0.1:9000', root: 'pre/fix/' }],
      ['s3://bucket/pre/fix', { endpoint: 'https://127.0.0.1:9000/' }],
      ['s3://bucket.127.0.0.1:9000/pre/fix', { endpoint: '127.0.0.1:9000', virtual_host: 'true' }],
      ['s3://bucket.127.0.0.1:9000/pre/fix', { virtual_host: 'true' }],
      ['s3://127.0.0.1:9000/bucket//pre/fix/', {}],
      ['s3:127.0.0.1:9000/bucket/pre/fix', {}],
    ];
    const expected = place('s3://127.0.0.1:9000/bucket/pre/fix');
    expect(expected).toEqual({
      tls: true,
      hostname: '127.0.0.1',
      port: 9000,
      bucket: 'bucket',
      prefixes: ['pre/fix'],
      shown: 's3://127.0.0.1:9000/bucket/pre/fix',
    });
    for (const [location, options] of variants) expect(place(location, options), `${location} ${JSON.stringify(options)}`).toEqual(expected);
  });

  it('the top of a bucket, IPv6 hosts, and plain HTTP', () => {
    expect(place('s3://h/bucket').prefixes).toEqual(['']);
    expect(place('s3://h/bucket/').shown).toBe('s3://h/bucket');
    expect(endpointUrl(place('s3://[::1]:9000/bucket', { use_tls: 'false' }), 'x')).toBe('http://[::1]:9000');
    expect(place('s3://bucket/p', { endpoint: 'http://h:1' }).tls).toBe(false);
  });

  it('percent signs are read as written, then decoded, and nothing is created below them', () => {
    expect(place('s3://h/bucket/a%20b').prefixes).toEqual(['a%20b', 'a b']);
    expect(place('s3://h/bucket/a%zz').prefixes).toEqual(['a%zz']);
    expect(mayCreateAt(place('s3://h/bucket/a%20b'))).toBe(false);
    expect(mayCreateAt(place('s3://h/bucket/a b'))).toBe(false);
    expect(mayCreateAt(place('s3://h/bucket/a-b/c.d_~'))).toBe(true);
  });

  it.each([
    ['s3://h', {}, /no bucket/],
    ['s3://h/B?', {}, /no name of a bucket/],
    ['s3://key:hush@h/bucket', {}, /options/],
    ['s3://h:99999/bucket', {}, /port/],
    ['s3://h:1/bucket', { port: '2' }, /port/],
    ['s3://h h/bucket', {}, /host/],
    ['s3://h/bucket', { root: '/x' }, /root/],
    ['s3://localhost/x', { virtual_host: 'true' }, /in front/],
    ['s3://bucket/x', { endpoint: 'h/path' }, /endpoint/],
  ] as const)('%s %j is refused', (location, options, message) => {
    expect(() => place(location, { ...options })).toThrow(expect.objectContaining({ code: 'invalid-input', message: expect.stringMatching(message) }));
    try {
      place(location, { ...options });
    } catch (error) {
      expect(String(error)).not.toContain('hush');
    }
  });

  it('knows regions by host names and who wants the bucket in the host name', () => {
    const regions = [
      ['s3.amazonaws.com', null],
      ['s3.eu-west-1.amazonaws.com', 'eu-west-1'],
      ['s3-us-west-2.amazonaws.com', 'us-west-2'],
      ['s3.dualstack.ap-south-1.amazonaws.com', 'ap-south-1'],
      ['s3.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
      ['s3.us-west-004.backblazeb2.com', 'us-west-004'],
      ['s3.eu-central-1.wasabisys.com', 'eu-central-1'],
      ['ams3.digitaloceanspaces.com', 'ams3'],
      ['s3.fr-par.scw.cloud', 'fr-par'],
      ['oss-cn-hangzhou.aliyuncs.com', 'cn-hangzhou'],
      ['abc.r2.cloudflarestorage.com', 'auto'],
      ['minio.example.org', null],
      ['s3.amazonaws.com.example.org', null],
    ] as const;
    for (const [host, region] of regions) expect(regionOfHost(host), host).toBe(region);
    expect(['s3.amazonaws.com', 'storage.googleapis.com', 'oss-cn-x.aliyuncs.com', 'abc.r2.cloudflarestorage.com', '127.0.0.1'].map(isHostStyle)).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(endpointUrl({ tls: true, hostname: 's3.amazonaws.com', port: null }, 'eu-west-1')).toBe('https://s3.eu-west-1.amazonaws.com');
  });
});
