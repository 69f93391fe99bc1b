import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

/** Resident memory of a process, and how much processor time it had used by then. */
export type Sample = { readonly atMs: number; readonly residentMiB: number; readonly peakMiB: number; readonly cpuSeconds: number };
export type Watched = { readonly wallMs: number; readonly samples: readonly Sample[] };

const SAMPLE_MS = 100;
/** Clock ticks of Linux in /proc. */
const TICKS_PER_SECOND = 100;

/** One run of a program as a whole process, looked at ten times a second by way of /proc (Linux). Its output is thrown away. */
export async function watchProgram(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Watched> {
  const [program = '', ...args] = command;
  const start = performance.now();
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors = (errors + chunk.toString()).slice(-4000);
  });
  const samples: Sample[] = [];
  const look = (): void => {
    const sample = sampleOf(child.pid, performance.now() - start);
    if (sample !== null) samples.push(sample);
  };
  const timer = setInterval(look, SAMPLE_MS);
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve)).finally(() => clearInterval(timer));
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}\n${errors}`);
  return { wallMs: performance.now() - start, samples };
}

/** Null once the process has ended. */
function sampleOf(pid: number | undefined, atMs: number): Sample | null {
  let status: string;
  let stat: string;
  try {
    status = readFileSync(`/proc/${pid}/status`, 'utf8');
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH')) return null;
    throw error;
  }
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  const residentMiB = kib('VmRSS') / 1024;
  if (Number.isNaN(residentMiB)) return null;
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { atMs, residentMiB, peakMiB: kib('VmHWM') / 1024, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND };
}
