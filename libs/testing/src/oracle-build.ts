import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The lines of plakar: 1.0 is kloset v1.0.12, 1.1 is kloset v1.1.3. */
export type OracleLine = '1.0' | '1.1';

const SOURCES = fileURLToPath(new URL('../../../tools/oracle/', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../node_modules/.cache/wardrobe-oracle/', import.meta.url));
const NEEDED = [1, 25] as const;
const BUILD_TIMEOUT_MS = 900_000;

const run = promisify(execFile);
const builds = new Map<OracleLine, Promise<string>>();
let state: { readonly go: string | null; readonly message: string } | undefined;

/** True when the oracle programs can be built and run here. */
export function oracleAvailable(): boolean {
  return goState().go !== null;
}

/** Why the oracle cannot be used here, in words for the reader of a test run; or what it is built with. */
export function oracleMessage(): string {
  return goState().message;
}

/** Fails where a run without the oracle counts for nothing (`CI=true`), says so elsewhere. One test of each suite that needs the oracle calls it. */
export function assertOracle(): void {
  if (oracleAvailable()) return;
  if (process.env['CI'] === 'true') throw new Error(oracleMessage());
  process.stderr.write(`${oracleMessage()}\n`);
}

/** Path of the program of a line; built at most once for the same sources on a machine. */
export function oracleProgram(line: OracleLine): Promise<string> {
  const known = builds.get(line);
  if (known !== undefined) return known;
  const started = build(line);
  builds.set(line, started);
  return started;
}

function goState(): { readonly go: string | null; readonly message: string } {
  state ??= findGo();
  return state;
}

function findGo(): { readonly go: string | null; readonly message: string } {
  const needed = NEEDED.join('.');
  for (const go of ['go', '/usr/local/go/bin/go']) {
    // Go may fetch the toolchain that a go.mod names: only the one that is installed counts.
    const answer = spawnSync(go, ['env', 'GOVERSION'], { encoding: 'utf8', env: { ...process.env, GOTOOLCHAIN: 'local' } });
    const version = /^go(\d+)\.(\d+)/.exec(answer.stdout ?? '');
    if (version === null) continue;
    const [major, minor] = [Number(version[1]), Number(version[2])];
    if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return { go, message: `The oracle is built with ${answer.stdout.trim()}.` };
    return { go: null, message: `Tests against plakar's own libraries do not run: they need Go ${needed} or newer, here is ${answer.stdout.trim()}.` };
  }
  return { go: null, message: `Tests against plakar's own libraries do not run: Go ${needed} or newer is not installed.` };
}

async function build(line: OracleLine): Promise<string> {
  const { go, message } = goState();
  if (go === null) throw new Error(message);
  const target = join(CACHE, `line-${line}-${await sourcesHash(line, message)}`);
  if (existsSync(target)) return target;
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(join(CACHE, 'build-'));
  try {
    const made = join(folder, 'oracle');
    const options = { cwd: join(SOURCES, `line-${line}`), timeout: BUILD_TIMEOUT_MS, env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly' } };
    await run(go, ['build', '-buildvcs=false', '-o', made, '.'], options);
    // Several test processes may build at once: the last one wins, with the same bytes.
    await rename(made, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return target;
}

/** What a program is made of: its sources, those it shares, and the compiler. */
async function sourcesHash(line: OracleLine, compiler: string): Promise<string> {
  const hash = createHash('sha256').update(compiler);
  for (const folder of ['command', 'tree', `line-${line}`]) {
    for (const name of (await readdir(join(SOURCES, folder))).sort()) {
      hash.update(`${folder}/${name}\0`).update(await readFile(join(SOURCES, folder, name)));
    }
  }
  return hash.digest('hex').slice(0, 24);
}
