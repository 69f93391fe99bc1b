import { describe, expect, test } from 'vitest';
import { isWeak } from './create-passphrase.js';

describe('a new passphrase', () => {
  test.each([
    'a',
    'password',
    'Password1!',
    'passwort12345678',
    'correct',
    '1234567890123456789012345678901234567890',
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
    'abcdefghijklmnopqrstuvwxyz',
    'qwertyqwertyqwerty2026',
    'Backup-Wardrobe-2026',
    'abcabcabcabcabcabcabcabc',
    'Tr0ub4dor&3',
    'geheimgeheimgeheim',
  ])('%s is weak', (passphrase) => expect(isWeak(passphrase)).toBe(true));

  test.each(['correct horse battery staple', 'xK9#mP2$vL5@nQ', 'zebra-lampe-wolke-ofen', 'dvmqhxrtpkzbnfwl', 'æøå ключ från 日本 garten'])(
    '%s is taken',
    (passphrase) => expect(isWeak(passphrase)).toBe(false),
  );

  test('a long passphrase is judged at once', () => expect(isWeak('ab'.repeat(5000))).toBe(true));
});
