import type { SnapshotHeader } from '@wardrobe/kloset';
import { durationSecondsText, sizeText, timestampText } from '@wardrobe/kloset-model';
import { printable } from './printable.js';
import type { Availability } from './select.js';

/** The line of `ls` for a snapshot. */
export function snapshotLine(header: SnapshotHeader, shown: { readonly availability?: Availability; readonly wholeId?: boolean | undefined } = {}): string {
  const { availability = 'live', wholeId = false } = shown;
  const tags = header.tags.length > 0 ? ` tags=${printable(header.tags.join(','))}` : '';
  const mark = availability === 'live' ? '' : ` (${availability})`;
  const size = sizeText(header.summary.sizeBytes).padStart(10);
  return `${timestampText(header.timestampNs)} ${wholeId ? header.id : header.id.slice(0, 8).padStart(10)} ${size} ${durationSecondsText(header.durationNs).padStart(9)} ${printable(header.source.directory.text)}${tags}${mark}`;
}
