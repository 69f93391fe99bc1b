import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fsStore } from '@wardrobe/connector-fs';
import { checkSnapshots, checkStore, isDamaged, listSnapshots, openRepository, openSnapshot, type Repository } from '@wardrobe/kloset';
import { afterEach, describe, expect, it } from 'vitest';
import { largeDirectory, largeFile, manySnapshots, manyStates, smallStore } from './generate.js';

const made: string[] = [];
const path = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

function folder(): string {
  const root = mkdtempSync(join(tmpdir(), 'wardrobe-bench-test-'));
  made.push(root);
  return root;
}

async function expectWhole(repository: Repository): Promise<void> {
  for await (const problem of checkStore(repository, { fast: false })) expect.fail(problem.error.message);
  const run = checkSnapshots(repository, { snapshots: repository.view.live.map((snapshot) => snapshot.id) });
  for await (const problem of run) expect.fail(problem.error.message);
}

/** Names and bytes of all files below a folder. */
function fingerprint(root: string): string {
  const hash = createHash('sha256');
  for (const name of (readdirSync(root, { recursive: true, withFileTypes: true }) as { parentPath: string; name: string; isFile(): boolean }[])
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort())
    hash.update(name.slice(root.length)).update(readFileSync(name));
  return hash.digest('hex');
}

afterEach(() => {
  for (const root of made.splice(0)) rmSync(root, { recursive: true, force: true });
});

describe.each(['1.0', '1.1'] as const)('made-up stores of line %s', (line) => {
  it('a large directory lists every entry and checks clean', async () => {
    const root = folder();
    const { snapshot } = await largeDirectory(root, { entries: 3000, line });
    const repository = await openRepository(fsStore(root));
    const opened = await openSnapshot(repository, snapshot);
    let count = 0;
    for await (const entry of opened.children(path('/data'))) {
      expect(isDamaged(entry)).toBe(false);
      count += 1;
    }
    expect(count).toBe(3000);
    expect((await opened.page(path('/data'), { limit: 100 })).total).toBe(3000);
    await expectWhole(repository);
  });

  it('an encrypted large file is read back whole and checks clean', async () => {
    const root = folder();
    const { snapshot } = await largeFile(root, { sizeBytes: 5 << 20, passphrase: 'bench', line });
    const repository = await openRepository(fsStore(root), { passphrase: 'bench' });
    const opened = await openSnapshot(repository, snapshot);
    const entry = await opened.entry(path('/data/large.bin'));
    expect(entry.sizeBytes).toBe(BigInt(5 << 20));
    await expectWhole(repository);
  });

  it('many states have the locations asked for, all in known packfiles', async () => {
    const root = folder();
    await manyStates(root, { states: 12, locationsPerState: 200, line });
    const { view } = await openRepository(fsStore(root));
    expect(view.states).toHaveLength(12);
    expect(view.live).toHaveLength(12);
    expect(view.states.every((state) => state.counts.locations === 200)).toBe(true);
    expect(view.counts.packfiles).toBe(36);
  });

  it('many snapshots are all listed', async () => {
    const root = folder();
    await manySnapshots(root, { snapshots: 250, line });
    const repository = await openRepository(fsStore(root));
    let count = 0;
    for await (const item of listSnapshots(repository)) {
      expect('header' in item).toBe(true);
      count += 1;
    }
    expect(count).toBe(250);
    expect(repository.view.states).toHaveLength(3);
  });
});

it('the same store comes out at every run', async () => {
  const [first, second] = [folder(), folder()];
  await smallStore(first);
  await smallStore(second);
  expect(fingerprint(first)).toBe(fingerprint(second));
});
