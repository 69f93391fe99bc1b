import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { SFTP_OPTIONS } from '../src/options.js';

it('the README names every option, in their order, and says which are secret', async () => {
  const text = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...text.matchAll(/^\| `([a-z_]+)` \| (.*?) \|/gm)].map(([, name, meaning]) => ({ name, isSecret: meaning?.includes('(secret)') }));
  expect(rows).toEqual(SFTP_OPTIONS.map(({ name, kind }) => ({ name, isSecret: kind === 'secret' })));
});
