import type { Db } from '../db.js';
import type { FindingRow, Json } from '../types.js';

/** Findings of the store itself: open ones, and those that ended since `endedAfter`. Newest first. */
export async function listFindings(db: Db, storeId: string, options: { readonly endedAfter?: Date } = {}): Promise<FindingRow[]> {
  const ended = options.endedAfter === undefined ? [] : [{ endedAt: { gte: options.endedAfter } }];
  const rows = await db.prisma.storeFinding.findMany({
    where: { storeId: BigInt(storeId), OR: [{ endedAt: null }, ...ended] },
    orderBy: [{ firstSeenAt: 'desc' }, { id: 'desc' }],
  });
  return rows.map((row) => ({
    id: row.id.toString(),
    kind: row.kind,
    key: row.key,
    detail: row.detail,
    snapshots: row.snapshots,
    facts: row.facts as Json,
    firstSeenAt: row.firstSeenAt,
    lastSeenAt: row.lastSeenAt,
    endedAt: row.endedAt,
  }));
}
