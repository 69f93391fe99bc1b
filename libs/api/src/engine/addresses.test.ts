import { describe, expect, it } from 'vitest';
import { mayLieAt } from './addresses.js';
import { storeAt } from './kloset.js';

describe('addresses at which machines hand out credentials', () => {
  it.each([
    '169.254.169.254',
    '169.254.170.2',
    '100.100.100.200',
    '192.0.0.192',
    'fe80::1',
    'fe80::1%eth0',
    'fd00:ec2::254',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '64:ff9b::a9fe:a9fe',
  ])('%s is one', (address) => expect(mayLieAt(address)).toBe(false));

  it.each(['127.0.0.1', '10.0.0.1', '169.253.0.1', '100.100.100.100', '::1', 'fd00:ec2::1', '::ffff:10.0.0.1', '2001:db8::1'])('%s is none', (address) =>
    expect(mayLieAt(address)).toBe(true),
  );

  it.each([
    'http://169.254.169.254/x',
    'http://2852039166/x',
    'http://[::ffff:a9fe:a9fe]/x',
    's3://169.254.169.254/bucket',
    'sftp://me@169.254.169.254/x',
    'ptar+http://169.254.169.254/x',
  ])('a store that is opened at %s connects to nobody, whatever was said before it was kept', async (location) => {
    const store = await storeAt({
      location,
      options: location.startsWith('s3') ? { access_key: 'a', secret_access_key: 'b' } : {},
      connectorsFolder: '/nonexistent',
    });
    await expect(store.readConfig()).rejects.toMatchObject({ code: 'store', fault: 'route', message: expect.stringContaining('is not connected to') });
    await store.close();
  });
});
