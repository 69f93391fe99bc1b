'use client';
import { counted, figure } from '@wardrobe/words';
import { ChevronLeft, ChevronRight, Grid3x3, Minus, Plus, Table2 } from 'lucide-react';
import type { ReactNode } from 'react';
import { Legend } from '../cells/badge.js';
import { useNow } from '../foundation/clock.js';
import type { MatrixModel } from './model.js';
import type { MatrixControls } from './use-matrix.js';
import { isSameView, PRESET_DAYS, presetView } from './view.js';

const PRESET_WORD: Readonly<Record<(typeof PRESET_DAYS)[number], string>> = { 0: 'All', 365: '1 y', 90: '90 d', 30: '30 d' };

/** Matrix or table, zoom, steps between divergences, legend. */
export function MatrixToolbar({ model, controls }: { readonly model: MatrixModel; readonly controls: MatrixControls }) {
  const { mode, show } = controls;
  const found = model.divergences.length;
  return (
    <div className="toolbar mx-toolbar">
      <Group label="Show as" className="as">
        <button type="button" aria-pressed={mode === 'matrix'} onClick={() => show('matrix')}>
          <Grid3x3 className="icon small" aria-hidden />
          Matrix
        </button>
        <button type="button" aria-pressed={mode === 'table'} onClick={() => show('table')}>
          <Table2 className="icon small" aria-hidden />
          Table
        </button>
      </Group>
      {mode === 'matrix' ? <Zoom model={model} controls={controls} /> : null}
      {mode === 'matrix' && found > 0 ? (
        <Group label="Divergences">
          <button type="button" aria-label="Previous divergence (p)" onClick={() => controls.jump(-1)}>
            <ChevronLeft className="icon small" aria-hidden />
          </button>
          <span className="mx-which" role="status">
            {controls.divergence < 0 ? counted(found, 'divergence') : `${figure(controls.divergence + 1)} of ${figure(found)}`}
          </span>
          <button type="button" aria-label="Next divergence (n)" onClick={() => controls.jump(1)}>
            <ChevronRight className="icon small" aria-hidden />
          </button>
        </Group>
      ) : null}
      <span className="spread only-wide" />
      <div className="only-wide">
        <Legend />
      </div>
    </div>
  );
}

function Zoom({ model, controls }: { readonly model: MatrixModel; readonly controls: MatrixControls }) {
  const now = useNow();
  return (
    <Group label="Zoom" className="zoom">
      <button type="button" aria-label="Zoom out (-)" onClick={() => controls.zoom(2)}>
        <Minus className="icon small" aria-hidden />
      </button>
      {PRESET_DAYS.map((days) => {
        const preset = presetView(model, days, now);
        const pressed = isSameView(preset, controls.view) && (days === 0 || !isSameView(preset, { from: 0, to: model.columns }));
        return (
          <button key={days} type="button" aria-pressed={pressed} onClick={() => controls.setView(preset)}>
            {PRESET_WORD[days]}
          </button>
        );
      })}
      <button type="button" aria-label="Zoom in (+)" onClick={() => controls.zoom(0.5)}>
        <Plus className="icon small" aria-hidden />
      </button>
    </Group>
  );
}

function Group({ label, className, children }: { readonly label: string; readonly className?: string; readonly children: ReactNode }) {
  return (
    <fieldset className={`segment ${className ?? ''}`}>
      <legend className="sr">{label}</legend>
      {children}
    </fieldset>
  );
}
