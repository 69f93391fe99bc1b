'use client';
import { MACHINE_SORTS, type MachineFilter, type MachineSort, REPORTED } from '@wardrobe/ui';
import { VERDICTS } from '@wardrobe/words';
import { useMemo } from 'react';
import { useUrlState } from '@/lib/url-state';

/** Filter and order of the machine list, kept in the address: `q verdict reported sort dir all`. */
export function useMachinesUrl() {
  const { params, set } = useUrlState();
  const filter = useMemo(
    (): MachineFilter => ({
      text: params.get('q') ?? '',
      verdicts: new Set(VERDICTS.filter((verdict) => (params.get('verdict') ?? '').split(',').includes(verdict))),
      reported: REPORTED.find((one) => one === params.get('reported')) ?? 'any',
    }),
    [params],
  );
  const sort = MACHINE_SORTS.find((one) => one === params.get('sort')) ?? 'verdict';
  const descending = params.get('dir') === null ? sort === 'verdict' : params.get('dir') === 'desc';
  return {
    filter,
    sort,
    descending,
    showAll: params.has('all'),
    setFilter: (next: MachineFilter) => set({ q: next.text, verdict: [...next.verdicts].join(','), reported: next.reported === 'any' ? null : next.reported }),
    setSort: (next: MachineSort, down: boolean) =>
      set({ sort: next === 'verdict' ? null : next, dir: down === (next === 'verdict') ? null : down ? 'desc' : 'asc' }),
    setShowAll: () => set({ all: 1 }),
    clear: () => set({ q: null, verdict: null, reported: null }),
  };
}
