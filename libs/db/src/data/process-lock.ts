import { linkSync, readFileSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { processStart } from './processes.js';
import { StartError } from './start-error.js';

/** Who holds a folder. `started`: the kernel's start time of the process, so that a reused pid is not taken for the holder. */
export type Holder = { readonly pid: number; readonly since: string; readonly host: string; readonly started: string | null };
export type ProcessLock = { readonly release: () => void };

const HEARTBEAT_MS = 15_000;
/** A holder on another host (or in another container) counts as alive while it has beaten within this time. */
const FOREIGN_ALIVE_MS = 60_000;

/**
 * One process per folder. The lock is a file that names its holder; it is taken over when that process is gone (kill -9 included).
 * @throws StartError naming the holder's pid and since when
 */
export function lockFolder(folder: string, options: { readonly name?: string; readonly what?: string } = {}): ProcessLock {
  const path = join(folder, options.name ?? 'wardrobe.lock');
  const mine: Holder = { pid: process.pid, since: new Date().toISOString(), host: hostname(), started: processStart(process.pid) };
  const text = `${JSON.stringify(mine)}\n`;
  for (let attempt = 0; attempt < 5; attempt++) {
    if (tryCreate(path, text)) return hold(path, text);
    const found = readHolder(path);
    if (found === null) continue;
    if (isAlive(path, found.holder)) {
      throw new StartError(
        `Another Wardrobe holds ${options.what ?? 'the data folder'} ${folder}: process ${found.holder.pid} on ${found.holder.host}, since ${found.holder.since}. Stop it first, or name another folder with --data.`,
      );
    }
    dropStale(path, found.text);
  }
  throw new StartError(`The lock ${path} changes hands all the time: is something starting Wardrobe in a loop?`);
}

/** The file appears with its content, or not at all. */
function tryCreate(path: string, text: string): boolean {
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, text, { mode: 0o600 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    unlinkSync(temporary);
  }
}

function readHolder(path: string): { holder: Holder; text: string } | null {
  const text = ifThere(() => readFileSync(path, 'utf8'));
  if (text === null) return null;
  try {
    const holder = JSON.parse(text) as Partial<Holder>;
    return { text, holder: { pid: Number(holder.pid), since: String(holder.since), host: String(holder.host), started: holder.started ?? null } };
  } catch (error) {
    throw new StartError(`${path} is damaged. If no Wardrobe runs on this folder, remove it.`, { cause: error });
  }
}

function isAlive(path: string, holder: Holder): boolean {
  if (holder.pid === process.pid && holder.host === hostname()) return holder.started === processStart(process.pid);
  if (holder.host !== hostname()) {
    const beaten = ifThere(() => statSync(path).mtimeMs);
    return beaten !== null && Date.now() - beaten < FOREIGN_ALIVE_MS;
  }
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return holder.started === null || holder.started === processStart(holder.pid);
}

/** Takes the dead holder's file away; puts it back if somebody else's was caught instead. */
function dropStale(path: string, text: string): void {
  const aside = `${path}.${process.pid}.stale`;
  if (ifThere(() => renameSync(path, aside) ?? true) === null) return;
  if (readFileSync(aside, 'utf8') !== text) ifFree(() => linkSync(aside, path));
  unlinkSync(aside);
}

function hold(path: string, text: string): ProcessLock {
  const beat = setInterval(() => ifThere(() => utimesSync(path, new Date(), new Date()) ?? true), HEARTBEAT_MS);
  beat.unref();
  let held = true;
  return {
    release() {
      if (!held) return;
      held = false;
      clearInterval(beat);
      if (ifThere(() => readFileSync(path, 'utf8')) === text) ifThere(() => unlinkSync(path) ?? true);
    },
  };
}

function ifThere<T>(work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function ifFree(work: () => void): void {
  try {
    work();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
