import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryStore } from '@wardrobe/connector-memory';
import { nameBytes } from '@wardrobe/kloset-model';
import { temporaryFolder } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../errors/errors.js';
import { backup } from './backup.js';
import { byteTextOf } from './byte-text.js';
import { earlyWalk, walkRequest } from './early-walk.js';
import { entriesOf, freshRepository } from './testing/backup-kit.js';
import { resolveRoots } from './walk.js';
import type { WalkGroup } from './walk-types.js';

const FOLDERS = 40;
const FILES = 5;
let tree: string;

beforeAll(async () => {
  tree = `${await temporaryFolder('early-walk')}/tree`;
  for (let folder = 0; folder < FOLDERS; folder++) {
    mkdirSync(`${tree}/${folder}`, { recursive: true });
    for (let file = 0; file < FILES; file++) writeFileSync(`${tree}/${folder}/${file}`, `${folder} ${file}`);
  }
});

const request = () => ({ paths: [nameBytes(tree)], origin: 'workshop', rules: ['3'] });

/** Of the folders above only their names: others write into them meanwhile. */
const unmoved = (group: WalkGroup) => (group.isPrefix ? { ...group, entries: group.entries.map(({ name }) => name) } : group);

describe('a walk that begins early', () => {
  it.each([
    ['before anything was read ahead', Promise.resolve()],
    ['after all of it was', sleep(300)],
  ])('gives what a walk gives, %s', async (_when, until) => {
    const walk = earlyWalk(request());
    await walk.readAhead(until);
    const all = [...walkRequest(request(), resolveRoots([byteTextOf(nameBytes(tree))], '1.0'), undefined)];
    expect([...walk.groups()].map(unmoved)).toEqual(all.map(unmoved));
    expect(all.flatMap(({ entries }) => entries).length).toBeGreaterThan((FOLDERS - 2) * (FILES - 1));
  });

  it('goes on while it may', async () => {
    const folder = `${tree}/of a while`;
    mkdirSync(folder);
    const walk = earlyWalk(request());
    await walk.readAhead(new Promise(() => undefined));
    // All was walked: what comes now is not seen any more.
    writeFileSync(`${folder}/late`, '');
    const names = [...walk.groups()].flatMap(({ entries }) => entries.map(({ name }) => name));
    expect(names).toContain('of a while');
    expect(names).not.toContain('late');
    rmSync(folder, { recursive: true });
  });

  it('of a path that does not exist fails when its groups are asked for', async () => {
    const walk = earlyWalk({ ...request(), paths: [nameBytes(`${tree}/none`)] });
    await walk.readAhead(sleep(50));
    expect(() => [...walk.groups()]).toThrow(InvalidInputError);
  });

  it('makes the same snapshot', async () => {
    const repository = await freshRepository(memoryStore(), { line: '1.1' });
    const options = { threads: 1, xattrReader: null };
    const walk = earlyWalk(request());
    await walk.readAhead(sleep(100));
    const early = await backup(repository, { ...request(), usePrevious: false }, { ...options, walk });
    const plain = await backup(repository, { ...request(), usePrevious: false }, options);
    // Without the folders above: others write into them meanwhile.
    const objectsOf = async (id: typeof early.snapshot) => [...(await entriesOf(repository, id, tree))].map(([path, { object }]) => [path, object]);
    expect(await objectsOf(early.snapshot)).toEqual(await objectsOf(plain.snapshot));
    expect(early).toMatchObject({ files: plain.files, directories: plain.directories, errors: 0 });
    expect([...(await entriesOf(repository, early.snapshot)).keys()].filter((path) => path.endsWith('/3'))).toEqual([]);
  });
});
