import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { largest, median } from './statistics.js';

export type Used = { readonly wallMs: number; readonly cpuSeconds: number; readonly peakMiB: number };
/** One program's turns. */
export type Side = Used[];

/** One run as a whole process, its output thrown away; `time` tells what it used. `folder`: for what `time` writes. */
export async function runProgram(command: readonly string[], { env, folder }: { readonly env: NodeJS.ProcessEnv; readonly folder: string }): Promise<Used> {
  const report = join(folder, 'time');
  const start = performance.now();
  const child = spawn('/usr/bin/time', ['-o', report, '-f', '%U %S %M', ...command], { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const wallMs = performance.now() - start;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}\n${errors}`);
  const [user = 0, system = 0, peakKiB = 0] = readFileSync(report, 'utf8').trim().split('\n').at(-1)?.split(' ').map(Number) ?? [];
  return { wallMs, cpuSeconds: user + system, peakMiB: peakKiB / 1024 };
}

/** What a program prints. */
export function outputOf(command: readonly string[], env: NodeJS.ProcessEnv): string {
  const [program = '', ...args] = command;
  const { status, stdout, stderr } = spawnSync(program, args, { env: { ...process.env, ...env }, encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}\n${stderr}`);
  return stdout;
}

/** One row of the table: medians, and the largest peak. */
export function row(
  title: string,
  operation: { readonly name: string; readonly gate: string },
  { ours, theirs }: { readonly ours: readonly Used[]; readonly theirs: readonly Used[] },
): string {
  const of = (side: readonly Used[], value: (used: Used) => number): number => median(side.map(value));
  const wall = (side: readonly Used[]): number => of(side, (used) => used.wallMs) / 1000;
  const cpu = (side: readonly Used[]): number => of(side, (used) => used.cpuSeconds);
  const peak = (side: readonly Used[]): string => largest(side.map((used) => used.peakMiB)).toFixed(0);
  return `| ${title} | ${operation.name} | ${wall(ours).toFixed(2)} / ${wall(theirs).toFixed(2)} | **${(wall(ours) / wall(theirs)).toFixed(2)}** | ${operation.gate} | ${cpu(ours).toFixed(2)} / ${cpu(theirs).toFixed(2)} | ${(cpu(ours) / cpu(theirs)).toFixed(2)} | ${peak(ours)} / ${peak(theirs)} |`;
}
