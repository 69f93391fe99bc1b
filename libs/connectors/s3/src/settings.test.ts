import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { interfaceMismatch, parseStoreLocation } from '@wardrobe/store-connector';
import { describe, expect, it } from 'vitest';
import { s3Connector } from './connector.js';
import { readSettings } from './settings.js';

const CUSTOMER_KEY = Buffer.alloc(32, 7).toString('base64');
const host = { environment: {}, home: '/nonexistent', temporaryFolder: '/tmp' };
const settings = (options: Record<string, string>) => readSettings({ location: parseStoreLocation('s3://h/bucket'), options, host });

describe('options of S3 stores', () => {
  it('each has a title and a sentence, and the connector fits the interface', () => {
    expect(interfaceMismatch(s3Connector)).toBeNull();
    for (const option of s3Connector.options) expect(option.help, option.name).toMatch(/\.$/);
    expect(new Set(s3Connector.options.map(({ name }) => name)).size).toBe(s3Connector.options.length);
  });

  it('opening contacts nobody and loads no client library', async () => {
    const store = s3Connector.open({ location: parseStoreLocation('s3://nowhere.invalid/bucket'), options: {}, host });
    expect(store.location).toBe('s3://nowhere.invalid/bucket');
    await store.close();
    for (const name of await readdir(new URL('.', import.meta.url)))
      if (name.endsWith('.ts')) expect(await readFile(new URL(name, import.meta.url), 'utf8'), name).not.toMatch(/^import (?!type)[^;]*'@aws-sdk/m);
  });

  it('an unchecked certificate is refused until it is confirmed', () => {
    expect(() => settings({ tls_insecure_no_verify: 'true' })).toThrow(/tls_insecure_confirmed/);
    expect(settings({ tls_insecure_no_verify: 'true', tls_insecure_confirmed: 'true' }).verifyCertificate).toBe(false);
    expect(settings({ tls_insecure_confirmed: 'true' }).verifyCertificate).toBe(true);
  });

  it('a customer key is 32 bytes, needs TLS, and never stands in the refusal', () => {
    expect(settings({ sse_customer_key: CUSTOMER_KEY }).encryption.customer).toEqual({
      'x-amz-server-side-encryption-customer-algorithm': 'AES256',
      'x-amz-server-side-encryption-customer-key': CUSTOMER_KEY,
      'x-amz-server-side-encryption-customer-key-md5': createHash('md5').update(Buffer.alloc(32, 7)).digest('base64'),
    });
    for (const options of [
      { sse_customer_key: 'hush-hush' },
      { sse_customer_key: CUSTOMER_KEY, use_tls: 'false' },
      { sse_customer_key: CUSTOMER_KEY, sse: 'AES256' },
    ]) {
      expect(() => settings(options)).toThrow(/sse_customer_key/);
      try {
        settings(options);
      } catch (error) {
        expect(String(error)).not.toContain(options.sse_customer_key);
      }
    }
  });

  it.each([
    [{ access_key: 'a' }, /go together/],
    [{ secret_access_key: 'hush' }, /go together/],
    [{ sse_kms_key_id: 'x' }, /sse=aws:kms/],
    [{ storage_class: 'COLD' }, /one of/],
    [{ acces_key: 'a' }, /no option/],
    [{ port: 'x' }, /whole number/],
  ] as const)('%j is refused with a sentence', (options, message) => {
    expect(() => settings({ ...options })).toThrow(expect.objectContaining({ code: 'invalid-input', message: expect.stringMatching(message) }));
  });
});
