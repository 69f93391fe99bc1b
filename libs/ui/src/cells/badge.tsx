import { type Cell, CELL_SEVERITY, CELLS, figure, type Verdict } from '@wardrobe/words';
import { CellIcon, type Kind, lookOf, VERDICT_LOOK, VERDICT_WORD, VerdictForkIcon } from './cell-icon.js';

/** Word, icon, ground: a cell or a finding of the store. */
export function Badge({ kind, word }: { readonly kind: Kind; readonly word?: string }) {
  return (
    <span className="badge" data-cell={lookOf(kind)}>
      <CellIcon kind={kind} small />
      {word ?? kind}
    </span>
  );
}

/** A machine's verdict with the icon of its worst cell. */
export function VerdictMark({ verdict, worst }: { readonly verdict: Verdict; readonly worst?: Cell }) {
  const cell = verdict === 'in-sync' ? 'seen' : worst && worst !== 'none' ? worst : VERDICT_LOOK[verdict];
  return (
    <span className="verdict" data-cell={cell}>
      {verdict === 'diverged' && worst === undefined ? <VerdictForkIcon className="icon" aria-hidden /> : <CellIcon kind={cell} />}
      {VERDICT_WORD[verdict]}
    </span>
  );
}

/** Counts of what differs, worst first: "2 phantom", "7 behind". */
export function Deltas({ counts, empty = 'none' }: { readonly counts: Readonly<Record<string, number>>; readonly empty?: string }) {
  const list = differing(counts);
  if (list.length === 0) return <span className="faint">{empty}</span>;
  return list.map(([cell, count]) => <Delta key={cell} cell={cell} text={`${figure(count)} ${cell}`} />);
}

export function Delta({ cell, text }: { readonly cell: Cell; readonly text: string }) {
  return (
    <span className="delta" data-cell={cell}>
      <CellIcon kind={cell} small />
      {text}
    </span>
  );
}

/** Cells other than `seen` and `none` with a count, worst first. */
export function differing(counts: Readonly<Record<string, number>>): readonly (readonly [Cell, number])[] {
  return CELLS.filter((cell) => cell !== 'none' && cell !== 'seen' && (counts[cell] ?? 0) > 0)
    .toSorted((a, b) => CELL_SEVERITY[b] - CELL_SEVERITY[a])
    .map((cell) => [cell, counts[cell] ?? 0] as const);
}

/** Form of a cell as in strips and matrix. */
export function Swatch({ cell, big = false }: { readonly cell: Cell; readonly big?: boolean }) {
  return <span className={big ? 'swatch big' : 'swatch'} data-cell={cell} />;
}

export function Legend({ children }: { readonly children?: React.ReactNode }) {
  return (
    <ul className="legend">
      {CELLS.filter((cell) => cell !== 'none').map((cell) => (
        <li key={cell}>
          <Swatch cell={cell} />
          {cell}
        </li>
      ))}
      {children}
    </ul>
  );
}
