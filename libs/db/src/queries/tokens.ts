import type { Db } from '../db.js';
import { sql } from '../sql.js';
import type { TokenRow } from '../types.js';

type TokenKind = TokenRow['kind'];
type RawToken = Omit<TokenRow, 'kind' | 'machine'> & { readonly kind: string; readonly machine: { readonly id: string; readonly name: string } | null };
const MACHINE = { machine: { select: { id: true, name: true } } } as const;

export async function listTokens(db: Db): Promise<TokenRow[]> {
  return (await db.prisma.token.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'asc' }], include: MACHINE })).map(toToken);
}

export async function createToken(
  db: Db,
  token: { readonly name: string; readonly kind: TokenKind; readonly secretHash: Uint8Array; readonly createdBy: string | null },
): Promise<TokenRow> {
  return toToken(await db.prisma.token.create({ data: { ...token, secretHash: new Uint8Array(token.secretHash) }, include: MACHINE }));
}

/** A token that is not revoked, by the hash of its secret. */
export async function findToken(db: Db, secretHash: Uint8Array): Promise<TokenRow | null> {
  const row = await db.prisma.token.findUnique({ where: { secretHash: new Uint8Array(secretHash) }, include: MACHINE });
  return row === null || row.revokedAt !== null ? null : toToken(row);
}

/** Notes a use, at most once a minute (a reader may ask many times a second). */
export async function touchToken(db: Db, tokenId: string, use: { readonly now: Date; readonly address: string | null }): Promise<void> {
  await sql(
    db.pool,
    `update tokens set last_used_at = $2, last_address = $3 where id = $1::uuid and (last_used_at is null or last_used_at < $2::timestamptz - interval '1 minute')`,
    [tokenId, use.now, use.address],
  );
}

/** Binds an agent's token to the machine that uses it first. False: it is bound to another machine already. The machine's row must be there. */
export async function bindToken(db: Db, tokenId: string, binding: { readonly machineId: string; readonly now: Date }): Promise<boolean> {
  const rows = await sql(
    db.pool,
    'update tokens set machine_id = $2::uuid, bound_at = coalesce(bound_at, $3) where id = $1::uuid and revoked_at is null and (machine_id is null or machine_id = $2::uuid) returning id',
    [tokenId, binding.machineId, binding.now],
  );
  return rows.length > 0;
}

/** The token that a machine reports with: the newest bound one that is not revoked. */
export async function tokenOfMachine(db: Db, machineId: string): Promise<TokenRow | null> {
  const row = await db.prisma.token.findFirst({ where: { machineId, revokedAt: null }, orderBy: { boundAt: 'desc' }, include: MACHINE });
  return row === null ? null : toToken(row);
}

export async function revokeToken(db: Db, tokenId: string, now: Date): Promise<boolean> {
  return (await db.prisma.token.updateMany({ where: { id: tokenId, revokedAt: null }, data: { revokedAt: now } })).count > 0;
}

function toToken(row: RawToken): TokenRow {
  const { id, name, kind, createdAt, lastUsedAt, revokedAt, machine } = row;
  return { id, name, kind: kind as TokenKind, createdAt, lastUsedAt, revokedAt, machine };
}
