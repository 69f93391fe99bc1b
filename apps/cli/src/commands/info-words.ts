import type { Repository } from '@wardrobe/kloset';
import { sizeText } from '@wardrobe/kloset-model';
import { counted, listed } from '@wardrobe/words';
import { timeText } from '../json.js';
import { printable } from '../printable.js';
import type { Terminal } from '../terminal.js';
import type { UsableLines } from './info-lines.js';

export type Line = readonly [label: string, value: string];

/** One line each, the values below each other. */
export async function printLines(terminal: Terminal, lines: readonly Line[]): Promise<void> {
  for (const [label, value] of lines) await terminal.line(`${label.padEnd(12)} ${printable(value)}`);
}

/** What `info` says of a store, in words: a label and a value a line. The same facts as its JSON. */
export function storeLines({ store, id, config, encrypted, view }: Repository, { usableBy, usableWhy }: UsableLines): readonly Line[] {
  const { chunking, encryption } = config;
  const versions = [...new Set(view.states.map(({ version }) => version))].sort();
  return [
    ['location', store.location],
    ['repository', id],
    ['made at', timeText(config.createdAtNs)],
    [
      'encryption',
      encrypted && encryption !== null
        ? `${encryption.dataAlgorithm}, keys wrapped with ${encryption.subkeyAlgorithm}, from the passphrase with ${encryption.kdf}`
        : 'none: whoever can read the store can read every file',
    ],
    ['hashing', config.hashing],
    ['compression', config.compression ?? 'none'],
    ['chunks', `${chunking.algorithm}: ${sizeText(chunking.minSize)} to ${sizeText(chunking.maxSize)}, about ${sizeText(chunking.normalSize)}`],
    ['packfiles', `${counted(view.counts.packfiles, 'packfile')} of at most ${sizeText(config.packfileMaxSize)}, ${counted(view.counts.locations, 'blob')}`],
    ['states', `${counted(view.states.length, 'state')}${versions.length === 0 ? '' : ` of version ${listed(versions)}`}`],
    ...(view.unreadable.length === 0 ? [] : [['', `${counted(view.unreadable.length, 'state')} cannot be read`] as const]),
    ['snapshots', `${counted(view.live.length, 'snapshot')}${view.deleted.length === 0 ? '' : `, and ${view.deleted.length} deleted`}`],
    ['usable by', usableBy.length === 0 ? 'wardrobe only' : `wardrobe and plakar ${listed(usableBy)}`],
    ...usableWhy.map((why, index): Line => [index === 0 ? 'because' : '', why]),
  ];
}
