'use client';
import type { MatrixColumnDto } from '@wardrobe/contracts';
import type { Cell } from '@wardrobe/words';
import { Badge } from '../cells/badge.js';
import { LinkButton } from '../controls/button.js';
import { useTimes } from '../foundation/times-provider.js';
import { cellOf } from '../matrix-kernel/index.js';
import type { MatrixModel } from './model.js';
import { CELL_MEANING, storeWord } from './sentences.js';
import type { MatrixCursor } from './view.js';

/** More about one cell than the matrix holds: the cause in words, and where it is explained. */
export type CellStory = { readonly cause: string; readonly href: string | null };

export type InspectorProps = {
  readonly model: MatrixModel;
  readonly cursor: MatrixCursor | null;
  /** Undefined while the column's snapshot is being fetched. */
  readonly column: MatrixColumnDto | undefined;
  readonly story: CellStory | undefined;
};

/** One cell in words: machine, snapshot, what the cell means and the way to its finding. */
export function Inspector({ model, cursor, column, story }: InspectorProps) {
  return (
    <div className="mx-inspect" role="status">
      {cursor === null ? (
        <span className="muted">
          Move over the matrix, or focus it and use the arrow keys. <kbd>n</kbd> goes to the next divergence.
        </span>
      ) : (
        <Cellwords model={model} cursor={cursor} column={column} story={story} />
      )}
    </div>
  );
}

function Cellwords({ model, cursor, column, story }: InspectorProps & { readonly cursor: MatrixCursor }) {
  const times = useTimes();
  const machine = model.machines[cursor.machine];
  const code = (machine?.cells ?? model.store)[cursor.column] ?? 0;
  const cell = cellOf(code);
  const own = storeWord(code, column === undefined ? undefined : !column.live);
  const meaning = machine === undefined ? own.meaning : (story?.cause ?? CELL_MEANING[cell]);
  const exception = machine !== undefined && code > 1;
  return (
    <>
      <span className="where">
        <b>
          {machine?.row.name ?? 'Store'} ×{' '}
          {column === undefined ? <span className="faint">snapshot</span> : <code title={column.id}>{column.id.slice(0, 8)}</code>}
        </b>
        <small>
          {times.full(model.times[cursor.column] ?? 0)}
          {column !== undefined && column.host !== '' ? ` · by ${column.host}` : ''}
        </small>
      </span>
      <CellBadge machine={machine !== undefined} cell={cell} word={own.word} />
      <span className="mean">{meaning}</span>
      {exception && story !== undefined && story.href !== null ? (
        <LinkButton small href={story.href}>
          Why and what to do
        </LinkButton>
      ) : null}
    </>
  );
}

function CellBadge({ machine, cell, word }: { readonly machine: boolean; readonly cell: Cell; readonly word: string }) {
  if (!machine) return <span className="badge">{word}</span>;
  return cell === 'none' ? <span className="badge">no cell</span> : <Badge kind={cell} />;
}
