import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { HOOKS } from './folders.js';

export type Usage = { readonly wallMs: number; readonly cpuSeconds: number; readonly peakMiB: number };

/** One run of the command line as a whole process; its output is read and thrown away. `bare`: without the hook that measures memory. */
export async function runCommand(cli: string, args: readonly string[], options: { readonly folder: string; readonly bare?: boolean }): Promise<Usage> {
  const usageFile = join(options.folder, `usage-${process.pid}.json`);
  const env = {
    ...process.env,
    BENCH_USAGE: usageFile,
    WARDROBE_INDEX: join(options.folder, 'index'),
    WARDROBE_CONFIG: join(options.folder, 'config'),
    PLAKAR_PASSPHRASE: 'bench',
  };
  const start = performance.now();
  const child = spawn(process.execPath, [...(options.bare === true ? [] : ['--import', HOOKS.usage]), cli, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.resume();
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const wallMs = performance.now() - start;
  if (code !== 0) throw new Error(`wardrobe ${args.join(' ')} ended with ${code}`);
  if (options.bare === true) return { wallMs, cpuSeconds: 0, peakMiB: 0 };
  const usage = JSON.parse(readFileSync(usageFile, 'utf8')) as Omit<Usage, 'wallMs'>;
  rmSync(usageFile);
  return { wallMs, ...usage };
}
