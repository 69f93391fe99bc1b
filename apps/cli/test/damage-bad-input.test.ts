import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyFixtureStore, temporaryFolder } from '@wardrobe/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { readTree } from './damage/sound-store.js';
import { wardrobe } from './run-wardrobe.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const STACK = /a fault in wardrobe itself|\n\s+at .+:\d+:\d+/;
const SNAPSHOT = 'cead9474';
const isRoot = process.getuid?.() === 0;
const NOBODY = 65534;

let store: string;
let index: string;
let sound: ReadonlyMap<string, Buffer>;
beforeAll(async () => {
  store = await copyFixtureStore('v10-plain-desync');
  index = await temporaryFolder('index');
  const to = join(await temporaryFolder('sound'), 'out');
  const restored = await wardrobe(['at', store, 'restore', '--to', to, SNAPSHOT], { WARDROBE_INDEX: index });
  expect(restored.code, restored.err).toBe(0);
  sound = await readTree(to);
});

type Ended = { readonly code: number | null; readonly out: string; readonly err: string };

/** A process that the test may meddle with while it runs. */
function start(command: string, args: readonly string[], options: { readonly uid?: number; readonly env?: Record<string, string> } = {}) {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', WARDROBE_INDEX: index, ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString('latin1')));
  child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString('utf8')));
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, out, err })));
  return { child, ended };
}

/** No file has other bytes than in the backup, and nothing half-made bears a final name. */
async function expectExact(folder: string): Promise<number> {
  let whole = 0;
  for (const [path, bytes] of await readTree(folder)) {
    if (path.includes('.wardrobe-partial-')) continue;
    expect(sound.get(path)?.equals(bytes), path).toBe(true);
    whole += 1;
  }
  return whole;
}

function partials(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.includes('.wardrobe-partial-'));
}

describe('places that cannot be used', () => {
  it('a file, a folder without CONFIG, a path through a file: 1, each named', async () => {
    const folder = await temporaryFolder('places');
    writeFileSync(join(folder, 'file'), 'text');
    for (const place of [join(folder, 'file'), folder, join(folder, 'file', 'below'), join(folder, 'absent')]) {
      const run = await wardrobe(['at', place, 'ls'], { WARDROBE_INDEX: index });
      expect([run.code, STACK.test(run.err)], run.err).toEqual([1, false]);
      expect(run.err).toContain(place);
    }
  });

  it('no permission for the store or a part of it: 77, and the part is named', async () => {
    const own = await copyFixtureStore('v10-plain-desync');
    const options = isRoot ? { uid: NOBODY } : {};
    const folder = join(own, 'states');
    chmodSync(join(own, '..'), 0o755);
    for (const [path, mode] of [
      [join(own, 'CONFIG'), 0],
      [folder, 0],
    ] as const) {
      chmodSync(own, 0o755);
      if (path === folder) chmodSync(join(own, 'CONFIG'), 0o644);
      chmodSync(path, mode);
      const run = await start(process.execPath, [MAIN, '--no-index', 'at', own, 'ls'], options).ended;
      expect([run.code, STACK.test(run.err)], run.err).toEqual([77, false]);
      expect(run.err).toContain(path === folder ? 'states' : 'CONFIG');
    }
    chmodSync(folder, 0o700);
  });

  it('no permission where the restore is to go: 77 and nothing is made', async () => {
    const folder = await temporaryFolder('readonly');
    const own = await copyFixtureStore('v10-plain-desync');
    for (const path of [join(own, '..'), own, folder]) chmodSync(path, 0o755);
    spawnSync('chmod', ['-R', 'a+rX', own]);
    chmodSync(folder, 0o555);
    const run = await start(process.execPath, [MAIN, '--no-index', 'at', own, 'restore', '--to', join(folder, 'out'), SNAPSHOT], isRoot ? { uid: NOBODY } : {})
      .ended;
    chmodSync(folder, 0o755);
    expect([run.code, STACK.test(run.err)], run.err).toEqual([77, false]);
    expect(existsSync(join(folder, 'out'))).toBe(false);
  });

  it('an index folder that cannot be written keeps nobody from reading', async () => {
    const folder = await temporaryFolder('blocked');
    writeFileSync(join(folder, 'file'), '');
    const run = await wardrobe(['at', store, 'ls'], { WARDROBE_INDEX: join(folder, 'file') });
    expect([run.code, STACK.test(run.err)], run.err).toEqual([0, false]);
  });
});

describe('a store that goes away', () => {
  it('is said in a sentence, and nothing half-read is printed as whole', async () => {
    const own = await copyFixtureStore('v10-plain-desync');
    const to = join(await temporaryFolder('gone'), 'out');
    const { child, ended } = start(process.execPath, [MAIN, '--no-index', 'at', own, 'restore', '--to', to, SNAPSHOT]);
    const watch = setInterval(() => {
      if (!existsSync(to) || readdirSync(to).length === 0) return;
      clearInterval(watch);
      rmSync(own, { recursive: true, force: true });
    }, 1);
    const { code, err } = await ended;
    clearInterval(watch);
    expect(child.signalCode).toBeNull();
    expect(err).not.toMatch(STACK);
    const whole = await expectExact(to);
    if (code === 0) expect(whole).toBe(sound.size);
    else expect(err).toMatch(/not there any more|missing|not found/);
    expect(partials(to)).toEqual([]);
  });
});

describe('a disk that is full', () => {
  it('by the size of files: what fits is restored, the others are told and leave nothing behind', async () => {
    const to = join(await temporaryFolder('full'), 'out');
    const script = `trap '' XFSZ; ulimit -f 8; exec "${process.execPath}" "${MAIN}" --no-index at "${store}" restore --to "${to}" ${SNAPSHOT}`;
    const run = await start('bash', ['-c', script]).ended;
    expect([run.code, STACK.test(run.err)], run.err).toEqual([1, false]);
    expect(run.err).toMatch(/EFBIG|not restored/);
    const whole = await expectExact(to);
    expect(whole).toBeGreaterThan(5);
    expect(whole).toBeLessThan(sound.size);
    expect(partials(to)).toEqual([]);
  });

  it('by space: ends with 1 and a sentence, what was finished stays', async () => {
    const folder = await temporaryFolder('tmpfs');
    const mounted = isRoot && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'tmpfs', folder]).status === 0;
    // Without the right to mount, the test above is all there is.
    if (!mounted) return;
    try {
      const run = await start(process.execPath, [MAIN, '--no-index', 'at', store, 'restore', '--to', join(folder, 'out'), SNAPSHOT]).ended;
      expect([run.code, STACK.test(run.err)], run.err).toEqual([1, false]);
      expect(run.err).toMatch(/no space left/i);
      await expectExact(join(folder, 'out'));
      expect(partials(join(folder, 'out'))).toEqual([]);
    } finally {
      spawnSync('umount', [folder]);
    }
  });
});

describe('a restore', () => {
  it('into a folder with hostile links writes nothing outside of it', async () => {
    const folder = await temporaryFolder('hostile');
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'victim'), 'untouched');
    for (const flags of [[], ['--overwrite']]) {
      const to = join(folder, `out${flags.length}`);
      mkdirSync(to);
      const names = [...new Set([...sound.keys()].map((path) => path.split('/')[0] as string))];
      for (const name of names) symlinkSync(name === 'README.md' ? join(outside, 'victim') : outside, join(to, name));
      const run = await wardrobe(['at', store, 'restore', '--to', to, ...flags, SNAPSHOT], { WARDROBE_INDEX: index });
      // Overwriting, the links themselves are replaced by what is restored.
      expect([run.code, STACK.test(run.err)], run.err).toEqual([flags.length === 0 ? 1 : 0, false]);
      expect(readdirSync(outside)).toEqual(['victim']);
      expect(readFileSync(join(outside, 'victim'), 'utf8')).toBe('untouched');
    }
  });

  it('that is killed leaves no half file under its final name', async () => {
    for (const delayMs of [0, 15, 40]) {
      const to = join(await temporaryFolder('killed'), 'out');
      const { child, ended } = start(process.execPath, [MAIN, 'at', store, 'restore', '--to', to, SNAPSHOT]);
      const watch = setInterval(() => {
        if (!existsSync(to) || readdirSync(to).length === 0) return;
        clearInterval(watch);
        setTimeout(() => child.kill('SIGKILL'), delayMs);
      }, 1);
      await ended;
      clearInterval(watch);
      await expectExact(to);
    }
  });

  it('that is interrupted ends with 1 and a word, and removes its partial file', async () => {
    const to = join(await temporaryFolder('interrupted'), 'out');
    const { child, ended } = start(process.execPath, [MAIN, 'at', store, 'restore', '--to', to, SNAPSHOT]);
    const watch = setInterval(() => {
      if (!existsSync(to) || readdirSync(to).length === 0) return;
      clearInterval(watch);
      child.kill('SIGINT');
    }, 1);
    const { code, err } = await ended;
    clearInterval(watch);
    expect(err).not.toMatch(STACK);
    const whole = await expectExact(to);
    if (code === 0) expect(whole).toBe(sound.size);
    else expect([code, /[Ii]nterrupted/.test(err)]).toEqual([1, true]);
    expect(partials(to)).toEqual([]);
    await rm(to, { recursive: true });
  });
});

describe('output that nobody reads', () => {
  it.each(['ls --recursive --json', 'ls --recursive', 'cat'])('%s into a closed pipe ends quietly', async (command) => {
    const target =
      command === 'cat'
        ? [...sound]
            .filter(([, bytes]) => bytes.length > 5000)
            .map(([path]) => `'${SNAPSHOT}:${path}'`)
            .join(' ')
        : SNAPSHOT;
    const script = `"${process.execPath}" "${MAIN}" at "${store}" ${command} ${target} | head -c 10; echo "|\${PIPESTATUS[0]}"`;
    const run = await start('bash', ['-c', script]).ended;
    expect(run.err).toBe('');
    expect(run.out.endsWith('|0\n')).toBe(true);
  });
});
