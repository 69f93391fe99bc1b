import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** When a process began, as the kernel tells it; null where that cannot be had. Differs for a reused pid. */
export function processStart(pid: number): string | null {
  if (process.platform === 'linux') {
    const stat = readIfThere(`/proc/${pid}/stat`);
    // Field 22; the second field is a name in parentheses that may hold spaces.
    return stat === null ? null : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null);
  }
  if (process.platform === 'win32') return null;
  const started = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).stdout?.trim();
  return started === '' || started === undefined ? null : started;
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Processes of a database server on this data directory: they all have it as working directory. Ascending. */
export function postgresProcessesIn(directory: string): number[] {
  if (process.platform === 'linux') {
    const pids = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
    return pids.filter((pid) => isPostgresIn(pid, directory)).sort((a, b) => a - b);
  }
  if (process.platform === 'win32') return [];
  const lines = (spawnSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).stdout ?? '').split('\n');
  return lines
    .filter((line) => line.includes('postgres') && line.includes(directory))
    .map((line) => Number.parseInt(line, 10))
    .sort((a, b) => a - b);
}

function isPostgresIn(pid: number, directory: string): boolean {
  const name = readIfThere(`/proc/${pid}/comm`);
  if (name?.trim() !== 'postgres') return false;
  try {
    // A server whose directory was removed shows as "… (deleted)": not this one.
    if (readlinkSync(`/proc/${pid}/cwd`) !== directory) return false;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'ESRCH') return false;
    throw error;
  }
  // A zombie waits for its parent only.
  return !/^State:\s+Z/m.test(readIfThere(`/proc/${pid}/status`) ?? 'State: Z');
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return null;
    throw error;
  }
}
