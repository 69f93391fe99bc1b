'use client';
import { skipToken, useQuery } from '@tanstack/react-query';
import type { FindingDto, MatrixColumnDto } from '@wardrobe/contracts';
import { useTimes } from '@wardrobe/ui';
import { type CellStory, spellsSentence } from '@wardrobe/ui/matrix';
import { useEffect, useState } from 'react';
import { paths } from '@/lib/paths';
import { useTRPC } from '@/trpc/client';
import type { PointedCell } from './matrix-page';

/** The pointer has to rest this long before the server is asked why a cell is what it is. */
const REST_MS = 250;

/** Cause of the cell under the cursor and the way to its finding; undefined while nothing is known. */
export function useStory(storeId: string, pointed: PointedCell | null, columnInfo: (column: number) => MatrixColumnDto | undefined): CellStory | undefined {
  const trpc = useTRPC();
  const times = useTimes();
  const machineId = pointed?.machineId ?? null;
  const snapshotId = pointed === null ? undefined : columnInfo(pointed.column)?.id;
  const rested = useRested(machineId === null || snapshotId === undefined ? null : `${machineId} ${snapshotId}`);
  const [restedMachine, restedSnapshot] = rested?.split(' ') ?? [];
  const asks = restedMachine !== undefined && restedSnapshot !== undefined;
  const cell = useQuery(trpc.matrix.cell.queryOptions(asks ? { storeId, machineId: restedMachine, snapshotId: restedSnapshot } : skipToken));
  const findings = useQuery(trpc.divergence.get.queryOptions(asks ? { storeId } : skipToken));
  const current = machineId === restedMachine && snapshotId === restedSnapshot;
  if (!asks || !current || cell.data === undefined) return undefined;
  const finding = findingOf(findings.data?.findings ?? [], { machineId: restedMachine, snapshotId: restedSnapshot, cell: cell.data.cell });
  const was = spellsSentence(cell.data.spells, (ms) => times.full(ms));
  return { cause: [cell.data.cause, was, cell.data.nextStep].filter((part) => part !== '').join(' '), href: paths.divergence(storeId, finding?.id) };
}

/** The open finding that names machine and snapshot, else the machine's one of that kind. */
function findingOf(
  findings: readonly FindingDto[],
  cell: { readonly machineId: string; readonly snapshotId: string; readonly cell: string },
): FindingDto | undefined {
  const open = findings.filter((finding) => finding.endedAt === null && finding.machines.some((machine) => machine.id === cell.machineId));
  return open.find((finding) => finding.affected.some((snapshot) => snapshot.id === cell.snapshotId)) ?? open.find((finding) => finding.kind === cell.cell);
}

/** A value once it has stayed the same for a moment. */
function useRested(value: string | null): string | null {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), REST_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return rested;
}
