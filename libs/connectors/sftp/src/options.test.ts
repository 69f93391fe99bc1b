import { describe, expect, it } from 'vitest';
import { readOptions } from './options.js';

describe('options of SFTP stores', () => {
  it.each(['1', 'yes', 'True', 'TRUE'])('%s does not switch the check of the host key off', (word) => {
    expect(() => readOptions({ insecure_ignore_host_key: word })).toThrow(expect.objectContaining({ code: 'invalid-input' }));
  });

  it('exactly true does', () => {
    expect(readOptions({ insecure_ignore_host_key: 'true' }).ignoreHostKey).toBe(true);
    expect(readOptions({}).ignoreHostKey).toBe(false);
  });

  it('secrets never stand in a refusal', () => {
    const secrets = { password: 'hunter2', identity_passphrase: 'hunter2', ssh_private_key: 'hunter2' };
    for (const wrong of [{ port: 'x' }, { nothing: '1' }, { identity: 'k' }, { insecure_ignore_host_key: 'maybe' }])
      expect(() => readOptions({ ...secrets, ...wrong })).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hunter2') }));
  });

  it("plakar's names are taken", () => {
    expect(readOptions({ username: 'u', identity: 'k', ssh_auth_sock: 's', ssh_private_key_ttl: '5s', port: '22', root: '/x' })).toMatchObject({
      username: 'u',
      port: 22,
    });
  });
});
