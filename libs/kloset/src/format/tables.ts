import type { CodecDoc } from '../codec/codec.js';
import { config } from './config.js';
import { envelopeHeader } from './envelope.js';
import { lock } from './lock.js';
import { packfileFooter, packfileIndexRecord } from './packfile.js';
import { dirpackFrameHead, dirpackFrameTail } from './snapshot-dirpack.js';
import { vfsEntry } from './snapshot-entry.js';
import { snapshotHeader } from './snapshot-header.js';
import { errorItem, xattrItem } from './snapshot-items.js';
import { object } from './snapshot-object.js';
import { summary } from './snapshot-summary.js';
import { treeNode, treeRoot } from './snapshot-tree.js';
import { colouredEntry, configurationEntry, deleteEntry, locationEntry, packfileEntry, stateMetadata } from './state.js';

type Table = { readonly name: string; readonly sizeBytes: number | null; readonly doc: CodecDoc };
export type FormatChapter = { readonly file: string; readonly title: string; readonly source: string; readonly tables: readonly Table[] };

/** Every stored record, by page of `docs/format/`. */
export const FORMAT_CHAPTERS: readonly FormatChapter[] = [
  { file: 'store', title: 'Files of a store: envelope, CONFIG, lock', source: '01-store 2 and 6.4', tables: [envelopeHeader, config, lock] },
  { file: 'packfile', title: 'Packfiles', source: '01-store 4', tables: [packfileIndexRecord, packfileFooter] },
  {
    file: 'state',
    title: 'States',
    source: '01-store 5',
    tables: [locationEntry, colouredEntry, packfileEntry, configurationEntry, deleteEntry, stateMetadata],
  },
  {
    file: 'snapshot',
    title: 'Snapshots: header, summary, errors, attributes',
    source: '02-snapshot 1 and 3',
    tables: [snapshotHeader, summary, errorItem, xattrItem],
  },
  {
    file: 'tree',
    title: 'Trees, entries and directory packs',
    source: '02-snapshot 2 and 3',
    tables: [treeRoot, treeNode, vfsEntry, dirpackFrameHead, dirpackFrameTail],
  },
  { file: 'object', title: 'Objects and chunks', source: '02-snapshot 4', tables: [object] },
];
