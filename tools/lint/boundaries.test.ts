import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const env = { ...process.env, NX_DAEMON: 'false' };
const made: string[] = [];

function write(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, text);
  made.push(file);
  return file;
}

function lint(file: string): string {
  spawnSync(join(root, 'node_modules/.bin/nx'), ['graph', `--file=${join(root, 'node_modules/.cache/boundary-test.json')}`], { cwd: root, env });
  return spawnSync(join(root, 'node_modules/.bin/eslint'), [file], { cwd: root, env, encoding: 'utf8' }).stdout;
}

afterEach(() => {
  for (const file of made.splice(0)) rmSync(file, { force: true });
  rmSync(join(root, 'tools/untagged-probe'), { recursive: true, force: true });
});

describe('lint', () => {
  it('refuses an import against the boundaries', () => {
    expect(lint(write('libs/kloset-model/src/boundary-probe.ts', "import { CELLS } from '@wardrobe/words';\nexport const probe = CELLS;\n"))).toContain(
      'can only depend on libs tagged',
    );
  }, 60_000);

  it('refuses an import up the layers of the engine', () => {
    expect(lint(write('libs/kloset/src/errors/layer-probe.ts', "import '../repository/types.js';\n"))).toContain("layer 'errors' must not import 'repository'");
  }, 60_000);

  it('refuses any import in a project without a tag', () => {
    write('tools/untagged-probe/package.json', '{ "name": "@wardrobe/untagged-probe", "private": true, "type": "module" }\n');
    expect(lint(write('tools/untagged-probe/index.ts', "import { CELLS } from '@wardrobe/words';\nexport const probe = CELLS;\n"))).toContain('error');
  }, 60_000);
});
