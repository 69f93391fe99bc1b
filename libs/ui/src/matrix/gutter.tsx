'use client';
import type { Cell } from '@wardrobe/words';
import { figure } from '@wardrobe/words';
import { Database } from 'lucide-react';
import { memo } from 'react';
import { CellIcon } from '../cells/cell-icon.js';
import type { GutterItem, MatrixLayout } from './layout.js';
import type { MatrixModel } from './model.js';

export type GutterProps = {
  readonly model: MatrixModel;
  readonly layout: MatrixLayout;
  readonly currentMachine: number;
  readonly onPick: (machine: number) => void;
};

/** Names beside the rows; a press goes to the machine's first exception. */
export const Gutter = memo(function Gutter({ model, layout, currentMachine, onPick }: GutterProps) {
  return (
    <div className="mx-gutter" ref={(box) => box?.style.setProperty('height', `${layout.height + AXIS_PX}px`)}>
      {layout.gutter.map((item) => (
        <GutterLine key={`${item.kind}-${item.y}`} item={item} model={model} currentMachine={currentMachine} onPick={onPick} />
      ))}
    </div>
  );
});

/** Height of the axis above the first row. */
export const AXIS_PX = 26;

function GutterLine({ item, model, currentMachine, onPick }: Omit<GutterProps, 'layout'> & { readonly item: GutterItem }) {
  const place = (element: HTMLElement | null): void => {
    element?.style.setProperty('top', `${item.y + AXIS_PX}px`);
    element?.style.setProperty('height', `${item.height}px`);
  };
  if (item.kind === 'store') {
    return (
      <div className="mx-store" ref={place}>
        <Database className="icon small" aria-hidden />
        <span className="cut">Store</span>
      </div>
    );
  }
  const machine = model.machines[item.machine]?.row;
  if (machine === undefined) return null;
  const worst: Cell = machine.worst === 'none' ? 'seen' : machine.worst;
  if (item.kind === 'group') {
    return (
      <button type="button" className="mx-name many" ref={place} data-cell={worst} onClick={() => onPick(item.machine)}>
        <CellIcon kind={worst} small />
        <b>{figure(item.count)} machines</b>
        <span className="faint">equal digest {machine.digest.slice(0, 8)}</span>
      </button>
    );
  }
  const current = currentMachine === item.machine;
  return (
    <button
      type="button"
      className="mx-name"
      ref={place}
      data-cell={worst}
      title={machine.name}
      aria-current={current ? 'true' : undefined}
      onClick={() => onPick(item.machine)}
    >
      <CellIcon kind={worst} small />
      <span className="cut">{machine.name}</span>
    </button>
  );
}
