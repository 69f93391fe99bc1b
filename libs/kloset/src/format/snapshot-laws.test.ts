import { codecLaws } from '../../test/codec-laws.js';
import { vfsEntry } from './snapshot-entry.js';
import { snapshotHeader } from './snapshot-header.js';
import { errorItem, xattrItem } from './snapshot-items.js';
import { object } from './snapshot-object.js';
import { summary } from './snapshot-summary.js';
import { treeNode, treeRoot } from './snapshot-tree.js';

// plakar's own bytes are proven in snapshot-records.test.ts, over every blob of the vectors.
codecLaws(snapshotHeader, { runs: 60 });
codecLaws(summary);
codecLaws(vfsEntry, { runs: 60 });
codecLaws(object);
codecLaws(errorItem);
codecLaws(xattrItem);
codecLaws(treeRoot);
codecLaws(treeNode);
