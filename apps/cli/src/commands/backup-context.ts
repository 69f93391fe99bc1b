import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, platform, userInfo } from 'node:os';
import { maskedArguments } from '@wardrobe/connections';
import { VERSION } from '../version.js';

export type ContextPair = { readonly key: string; readonly value: string };

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };
const SYSTEMS: Readonly<Record<string, string>> = { win32: 'windows' };

/** What a snapshot says about the run that made it; ten pairs in plakar's order and words. @source 02-snapshot 1.4 */
export function runContext(): readonly ContextPair[] {
  const processors = String(cpus().length);
  const values: readonly (readonly [string, string])[] = [
    ['Hostname', hostname()],
    ['Username', userName()],
    ['OperatingSystem', SYSTEMS[platform()] ?? platform()],
    ['MachineID', machineId()],
    ['CommandLine', maskedArguments(process.argv.slice(1)).join(' ')],
    ['ProcessID', String(process.pid)],
    ['Architecture', ARCHITECTURES[arch()] ?? arch()],
    ['NumCPU', processors],
    ['MaxProcs', processors],
    ['Client', `wardrobe/${VERSION}`],
  ];
  return values.map(([key, value]) => ({ key, value }));
}

/** Empty for an account without a name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return '';
  }
}

/** Of Linux systems; empty elsewhere. */
function machineId(): string {
  for (const path of ['/etc/machine-id', '/var/lib/dbus/machine-id']) {
    try {
      return readFileSync(path, 'utf8').trim().toLowerCase();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
    }
  }
  return '';
}

/**
 * The bytes of a path on the command line. Node gives arguments as text, in which a byte that is not UTF-8 is lost; where that happened, Linux still knows
 * the bytes.
 */
export function argumentBytes(argument: string): Uint8Array {
  if (!argument.includes('\ufffd')) return Buffer.from(argument, 'utf8');
  return processArguments().find((raw) => raw.toString('utf8') === argument) ?? Buffer.from(argument, 'utf8');
}

function processArguments(): Buffer[] {
  let all: Buffer;
  try {
    all = readFileSync('/proc/self/cmdline');
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return [];
  }
  const found: Buffer[] = [];
  for (let start = 0, end = all.indexOf(0); end >= 0; start = end + 1, end = all.indexOf(0, start)) found.push(all.subarray(start, end));
  return found;
}
