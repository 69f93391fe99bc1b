'use client';
import { useQueries } from '@tanstack/react-query';
import type { MatrixColumnDto } from '@wardrobe/contracts';
import { useCallback, useMemo, useState } from 'react';
import { useTRPC } from '@/trpc/client';

/** Columns fetched with one question. */
const BLOCK = 256;
/** A table over years would ask for everything: the oldest wishes are dropped. */
const MOST_BLOCKS = 40;

export type Columns = { readonly columnInfo: (column: number) => MatrixColumnDto | undefined; readonly need: (columns: readonly number[]) => void };

/** Snapshots behind the matrix' columns, fetched in blocks when one is wanted. */
export function useColumns(storeId: string, columns: number): Columns {
  const trpc = useTRPC();
  const [blocks, setBlocks] = useState<readonly number[]>([]);
  const answers = useQueries({
    queries: blocks.map((block) => ({
      ...trpc.matrix.columns.queryOptions({ storeId, from: block * BLOCK, to: Math.min(columns, (block + 1) * BLOCK) }),
      staleTime: 5 * 60_000,
    })),
  });
  const byBlock = useMemo(() => new Map(blocks.map((block, index) => [block, answers[index]?.data])), [blocks, answers]);
  const columnInfo = useCallback((column: number) => byBlock.get(Math.floor(column / BLOCK))?.[column % BLOCK], [byBlock]);
  const need = useCallback((wanted: readonly number[]) => setBlocks((known) => withBlocks(known, wanted)), []);
  return { columnInfo, need };
}

function withBlocks(known: readonly number[], wanted: readonly number[]): readonly number[] {
  const missing = [...new Set(wanted.map((column) => Math.floor(column / BLOCK)))].filter((block) => !known.includes(block));
  return missing.length === 0 ? known : [...known, ...missing].slice(-MOST_BLOCKS);
}
