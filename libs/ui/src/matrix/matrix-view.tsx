'use client';
import './matrix.css';
import type { MachinesPageDto, MatrixColumnDto } from '@wardrobe/contracts';
import { useCallback, useEffect, useId, useMemo, useRef } from 'react';
import { useKeys } from '../foundation/keys.js';
import { CELL_CODE, runsOf } from '../matrix-kernel/index.js';
import { Gutter } from './gutter.js';
import { type CellStory, Inspector } from './inspector.js';
import { type MatrixLayout, matrixLayout } from './layout.js';
import { MatrixTable } from './matrix-table.js';
import { type MatrixModel, matrixModel } from './model.js';
import { Overview } from './overview.js';
import { Stage } from './stage.js';
import { MatrixToolbar } from './toolbar.js';
import { useCanvasSetting, usePhone } from './use-canvas.js';
import { type MatrixControls, useMatrix } from './use-matrix.js';
import type { MatrixCursor, MatrixQuery } from './view.js';

export type MatrixViewProps = {
  readonly page: MachinesPageDto;
  /** View of the URL at the start; `onQuery` gets every later one. */
  readonly query: MatrixQuery;
  readonly onQuery: (query: MatrixQuery) => void;
  /** Snapshot of a column, once it is known. */
  readonly columnInfo: (column: number) => MatrixColumnDto | undefined;
  /** Columns whose snapshots are wanted now, for the cursor and the table. */
  readonly onNeedColumns: (columns: readonly number[]) => void;
  /** Cell under the cursor changed; `machine` is null for the store's row. */
  readonly onCursor: (cell: { readonly machineId: string | null; readonly column: number } | null) => void;
  readonly story: CellStory | undefined;
  /** Opens an address inside the console. */
  readonly onNavigate: (href: string) => void;
  /** Page head; it says what is in view. */
  readonly head: (model: MatrixModel, controls: MatrixControls) => React.ReactNode;
};

const TALL = 24;
const TALL_PHONE = 28;
/** Most snapshots that the table asks for by itself. */
const MOST_TABLE_COLUMNS = 400;

/** Machines × snapshots: canvas with its tools, or the same data as a table. */
export function MatrixView(props: MatrixViewProps) {
  const { page, columnInfo, story } = props;
  const phone = usePhone();
  const model = useMemo(() => matrixModel(page), [page]);
  const layout = useMemo(() => matrixLayout(model, phone ? TALL_PHONE : TALL), [model, phone]);
  const controls = useMatrix(model, layout, props);
  const { cursor, mode } = controls;
  useMatrixKeys(controls);
  useNeeds(props, model, controls);
  const go = useCallback(
    (target: MatrixCursor) => {
      controls.show('matrix');
      controls.select(target, { centre: true, near: true });
    },
    [controls],
  );
  const href = story?.href;
  return (
    <>
      {props.head(model, controls)}
      <MatrixToolbar model={model} controls={controls} />
      {mode === 'table' ? (
        <MatrixTable model={model} columnInfo={columnInfo} onGo={go} />
      ) : (
        <section className="panel mx" aria-label="Matrix">
          <Inspector model={model} cursor={cursor} column={cursor === null ? undefined : columnInfo(cursor.column)} story={story} />
          <Plot model={model} layout={layout} controls={controls} onOpen={() => typeof href === 'string' && props.onNavigate(href)} />
        </section>
      )}
    </>
  );
}

function Plot({
  model,
  layout,
  controls,
  onOpen,
}: {
  readonly model: MatrixModel;
  readonly layout: MatrixLayout;
  readonly controls: MatrixControls;
  readonly onOpen: () => void;
}) {
  const stage = useRef<HTMLDivElement>(null);
  const setting = useCanvasSetting(stage);
  const keys = useId();
  const { select } = controls;
  const pick = useCallback((machine: number) => select({ machine, column: firstException(model, machine) }), [model, select]);
  return (
    <div className="mx-plot">
      <Gutter model={model} layout={layout} currentMachine={controls.cursor?.machine ?? -2} onPick={pick} />
      <Stage model={model} layout={layout} controls={controls} setting={setting} stage={stage} describedBy={keys} onOpen={onOpen} />
      <div className="mx-mini-label">
        <span className="faint">worst of all rows</span>
      </div>
      <Overview model={model} controls={controls} setting={setting} />
      <p id={keys} className="sr">
        Arrow keys move the cell cursor. n and p go to the next and previous divergence. Plus and minus zoom, 0 shows the whole range. Enter opens the
        divergence. The Table button shows the same data as a table.
      </p>
    </div>
  );
}

function useMatrixKeys(controls: MatrixControls): void {
  const wide = { from: 0, to: Number.MAX_SAFE_INTEGER };
  useKeys({
    n: () => controls.jump(1),
    p: () => controls.jump(-1),
    '+': () => controls.zoom(0.5),
    '=': () => controls.zoom(0.5),
    '-': () => controls.zoom(2),
    '0': () => controls.setView(wide),
  });
}

/** Asks for the snapshots that are about to be named, and tells where the cursor is. */
function useNeeds({ onNeedColumns, onCursor }: MatrixViewProps, model: MatrixModel, { cursor, mode }: MatrixControls): void {
  const ask = useRef({ onNeedColumns, onCursor });
  ask.current = { onNeedColumns, onCursor };
  useEffect(() => {
    ask.current.onCursor(cursor === null ? null : { machineId: model.machines[cursor.machine]?.row.id ?? null, column: cursor.column });
    if (cursor !== null) ask.current.onNeedColumns([cursor.column]);
  }, [model, cursor]);
  useEffect(() => {
    if (mode === 'table')
      ask.current.onNeedColumns(
        model.machines.flatMap(({ cells }) => runsOf(cells, (code) => code > CELL_CODE.seen).map((run) => run.first)).slice(0, MOST_TABLE_COLUMNS),
      );
  }, [model, mode]);
}

function firstException(model: MatrixModel, machine: number): number {
  const cells = model.machines[machine]?.cells;
  const worst = cells?.reduce((found, code) => Math.max(found, code), 0) ?? 0;
  return worst <= CELL_CODE.seen || cells === undefined ? Math.max(0, model.columns - 1) : cells.indexOf(worst);
}
