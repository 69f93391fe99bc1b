import type { MachineRowDto } from '@wardrobe/contracts';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, it } from 'vitest';
import { ClockProvider } from '../foundation/clock.js';
import { MachineTable } from './machine-table.js';
import { Rail, ticksOf } from './rail.js';

const NOW = Date.parse('2026-11-23T09:41:00Z');
const machine = (patch: Partial<MachineRowDto>): MachineRowDto => ({
  id: 'm',
  name: 'db-03.fra',
  hostName: 'db-03',
  os: 'Debian 13',
  tool: 'plakar 1.0.4',
  verdict: 'diverged',
  worst: 'phantom',
  cause: 'State 31f2a0c4 never reached the store',
  nextStep: '',
  counts: { phantom: 2, seen: 9 },
  digest: '',
  group: 0,
  newestSeenAt: '2026-11-23T08:52:00Z',
  lastReportAt: '2026-11-23T09:12:00Z',
  retired: false,
  row: { watermark: 3, after: 1, exceptions: [] },
  history: [],
  ...patch,
});
const calm = machine({
  id: 'calm',
  name: 'ci-01',
  tool: 'plakar 1.1.4',
  verdict: 'in-sync',
  worst: 'seen',
  cause: 'Lists exactly what the store holds',
  counts: { seen: 9 },
});

function draw(machines: readonly MachineRowDto[]): string {
  return renderToStaticMarkup(
    <ClockProvider serverNowMs={NOW}>
      <MachineTable
        storeName="prod"
        machines={machines}
        sort="verdict"
        descending
        showAll={false}
        hrefOf={(one) => `/m/${one.id}`}
        onSort={() => {}}
        onShowAll={() => {}}
      />
    </ClockProvider>,
  );
}

describe('MachineTable', () => {
  it('puts the diverged first and its cause in the row', () => {
    const html = draw([calm, machine({})]);
    expect(html.indexOf('db-03.fra')).toBeLessThan(html.indexOf('ci-01'));
    expect(html).toContain('State 31f2a0c4 never reached the store');
    expect(html).toContain('aria-label="History: 2 phantom"');
    expect(html).toContain('29 min ago');
  });

  it('says nothing more of a machine that agrees', () => {
    const html = draw([calm]);
    expect(html).toContain('aria-label="History: all seen"');
    expect(html).not.toContain('Lists exactly what the store holds');
  });

  it('marks plakar before 1.0.6 as old', () => {
    expect(draw([machine({})])).toContain('· old');
    expect(draw([calm])).not.toContain('· old');
  });
});

describe('Rail', () => {
  it('reads out how many machines there are of each verdict', () => {
    expect(renderToStaticMarkup(<Rail machines={[calm, machine({}), { ...calm, id: 'b' }]} />)).toContain('aria-label="3 machines: 1 diverged, 2 in sync"');
  });

  it('keeps the worst machine visible when a tick stands for many', () => {
    const many = [machine({ worst: 'lost' }), ...Array.from({ length: 5000 }, (_, index) => ({ ...calm, id: String(index) }))];
    expect(ticksOf(many)).toHaveLength(200);
    expect(ticksOf(many)[0]?.cell).toBe('lost');
  });
});
