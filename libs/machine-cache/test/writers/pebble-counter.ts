import { appendFileSync, closeSync, openSync, readdirSync, renameSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { batch, frame, type SequencedEntry, table, versionEdit, type WrittenTable } from '../pebble-writer.js';

/**
 * A program that writes a Pebble database as fast as it can until its time is over: ascending counters, one batch each, with log
 * rotation, flushes, compactions into level 6, MANIFEST rotation, deleted and recycled logs, each step in Pebble's own order.
 * Arguments: directory, milliseconds. Prints how many counters it wrote.
 */
const [directory = '', millis = '1000'] = process.argv.slice(2);
const end = Date.now() + Number(millis);
const path = (name: string): string => join(directory, name);
const padded = (number: number): string => String(number).padStart(6, '0');

let nextFile = 3;
let written = 0;
let manifest = { number: 1, sizeBytes: 0, marker: 1 };
let live: { readonly written: WrittenTable; readonly entries: readonly SequencedEntry[] }[] = [];
let spare: number | null = null;
let pending: { readonly log: number; readonly entries: SequencedEntry[] }[] = [];

function appendEdit(edit: Buffer): void {
  const bytes = frame([edit], { start: manifest.sizeBytes });
  appendFileSync(path(`MANIFEST-${padded(manifest.number)}`), bytes);
  manifest = { ...manifest, sizeBytes: manifest.sizeBytes + bytes.length };
}

function rotateManifest(minLog: number): void {
  const number = nextFile++;
  const bytes = frame([versionEdit({ comparer: true, minLog, added: live.map(({ written: file }) => file) })], {});
  writeFileSync(path(`MANIFEST-${padded(number)}`), bytes);
  const marker = manifest.marker + 1;
  writeFileSync(path(`marker.manifest.${padded(marker)}.MANIFEST-${padded(number)}`), '');
  for (const name of readdirSync(directory)) if (name.startsWith('marker.manifest.') && !name.includes(`.${padded(marker)}.`)) rmSync(path(name));
  rmSync(path(`MANIFEST-${padded(manifest.number)}`));
  manifest = { number, sizeBytes: bytes.length, marker };
}

/** Writes one log with `count` records, some cut in pieces, in a recycled file where there is one. */
function writeLog(count: number): void {
  const number = nextFile++;
  const name = path(`${padded(number)}.log`);
  if (spare !== null) renameSync(path(`${padded(spare)}.log`), name);
  const file = openSync(name, spare === null ? 'w' : 'r+');
  spare = null;
  let position = 0;
  const entries: SequencedEntry[] = [];
  for (let index = 0; index < count; index++) {
    const entry = { kind: 1, key: `__state__:${written.toString(16).padStart(64, '0')}`, value: 'v'.repeat(20 + (written % 700)), sequence: written + 1 };
    const bytes = frame([batch(entry.sequence, [entry])], { logNumber: number, start: position });
    const half = written % 5 === 0 ? bytes.length >> 1 : bytes.length;
    writeSync(file, bytes, 0, half, position);
    if (half < bytes.length) writeSync(file, bytes, half, bytes.length - half, position + half);
    position += bytes.length;
    entries.push(entry);
    written++;
  }
  const trailer = frame([], { logNumber: number, start: position, trailer: true });
  writeSync(file, trailer, 0, trailer.length, position);
  closeSync(file);
  pending.push({ log: number, entries });
}

/** The next log exists before the flushed ones go: table, MANIFEST, and only then the logs. */
function flush(): void {
  const flushed = pending;
  pending = [];
  writeLog(30);
  const number = nextFile++;
  const entries = flushed.flatMap((part) => part.entries);
  const file = table(entries, { level: 0, number, snappy: number % 2 === 0 });
  writeFileSync(path(`${padded(number)}.sst`), file.bytes);
  appendEdit(versionEdit({ minLog: pending[0]?.log ?? 0, added: [file] }));
  live.push({ written: file, entries });
  for (const { log } of flushed) {
    if (spare === null) spare = log;
    else rmSync(path(`${padded(log)}.log`));
  }
}

function compact(): void {
  const number = nextFile++;
  const entries = live.flatMap((part) => part.entries.map((entry) => ({ ...entry, sequence: 0 })));
  const file = table(entries, { level: 6, number, snappy: true });
  writeFileSync(path(`${padded(number)}.sst`), file.bytes);
  const removed = live.map(({ written: old }) => [old.level, old.number] as const);
  appendEdit(versionEdit({ added: [file], removed }));
  live = [{ written: file, entries }];
  for (const [, old] of removed) rmSync(path(`${padded(old)}.sst`));
}

const first = frame([versionEdit({ comparer: true, minLog: 0 })], {});
writeFileSync(path('MANIFEST-000001'), first);
manifest = { ...manifest, sizeBytes: first.length };
writeFileSync(path('marker.format-version.000001.013'), '');
writeFileSync(path('marker.manifest.000001.MANIFEST-000001'), '');
for (let round = 1; Date.now() < end; round++) {
  writeLog(40);
  if (round % 3 === 0) flush();
  if (round % 12 === 0) compact();
  if (round % 20 === 0) rotateManifest(pending[0]?.log ?? 0);
}
process.stdout.write(`${written}\n`);
