import type { ListedEntry } from '@wardrobe/kloset';
import { byteName, concatBytes, modeText, sizeText, timestampText } from '@wardrobe/kloset-model';
import { printable } from './printable.js';

const ARROW = Buffer.from(' -> ');
const SECOND_NS = 1_000_000_000n;

/** Lines of `ls`, line feeds included. What neighbours mostly have in common, the second and the mode, is put into words once. */
export function entryLines(isWhole: boolean): (entry: ListedEntry) => string {
  let second = -1n;
  let time = '';
  const modes = new Map<number, string>();
  return (entry) => {
    const { goMode, mtimeNs } = entry;
    const mtimeSecond = mtimeNs / SECOND_NS;
    // Division cuts towards zero: times before 1970 are put into words one by one.
    if (mtimeSecond !== second || mtimeNs < 0n) {
      time = timestampText(mtimeNs);
      second = mtimeNs < 0n ? -1n : mtimeSecond;
    }
    let mode = modes.get(goMode);
    if (mode === undefined) {
      mode = modeText(goMode);
      modes.set(goMode, mode);
    }
    return `${time} ${mode} ${entry.user.padStart(8)} ${entry.group.padStart(8)} ${sizeText(entry.sizeBytes).padStart(8)} ${nameOf(entry, isWhole)}\n`;
  };
}

function nameOf(entry: ListedEntry, isWhole: boolean): string {
  const shown = isWhole ? entry.path : entry.name;
  const target = entry.symlinkTarget;
  return printable(target === null ? shown.text : byteName(concatBytes(shown.bytes, ARROW, target.bytes)).text);
}
