import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@wardrobe/testing';
import { expect, it } from 'vitest';

const WATCH = new URL('../../../tools/run/stop-with-npm.mjs', import.meta.url).href;
const PROGRAM = `import { stopWithNpm } from ${JSON.stringify(WATCH)};
import { appendFileSync } from 'node:fs';
const say = (line) => appendFileSync(process.argv[2], line + '\\n');
process.on('SIGTERM', () => { say('stopped'); process.exit(0); });
stopWithNpm();
say('up ' + process.pid);
setTimeout(() => { say('left alone'); process.exit(0); }, Number(process.argv[3]));
`;

/** Runs the program below a script of npm's, ends npm by SIGTERM, and says what the program did then. */
async function afterNpmEnded(script: string): Promise<string> {
  const folder = await temporaryFolder('npm-start');
  const out = join(folder, 'out');
  await writeFile(join(folder, 'program.mjs'), PROGRAM);
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'x', scripts: { [script]: `node program.mjs "${out}" 60000` } }));
  await writeFile(out, '');
  const npm = spawn('npm', ['run', '--silent', script], { cwd: folder, stdio: 'ignore', env: { ...process.env, npm_lifecycle_event: '' } });
  const said = (line: RegExp) => expect.poll(() => readFile(out, 'utf8'), { timeout: 60_000 }).toMatch(line);
  await said(/^up \d+$/m);
  npm.kill('SIGTERM');
  await said(/^(stopped|left alone)$/m);
  return (await readFile(out, 'utf8')).trim().split('\n').at(-1) ?? '';
}

it('whoever ends npm start by SIGTERM ends the console', { timeout: 120_000 }, async () => {
  expect(await afterNpmEnded('start')).toBe('stopped');
});
