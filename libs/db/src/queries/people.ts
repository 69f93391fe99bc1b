import type { Db } from '../db.js';
import { type User as PrismaUser, Prisma } from '../generated/client.js';
import { sql } from '../sql.js';
import type { Role, SessionRow, UserRow } from '../types.js';

export type NewUser = { readonly name: string; readonly email: string; readonly role: Role; readonly passwordHash: string };

/** The address is taken already. */
export class EmailTakenError extends Error {
  override readonly name = 'EmailTakenError';
}
/** The change would leave no admin. */
export class LastAdminError extends Error {
  override readonly name = 'LastAdminError';
}

export async function countUsers(db: Db): Promise<number> {
  return db.prisma.user.count();
}

export async function listUsers(db: Db): Promise<UserRow[]> {
  return (await db.prisma.user.findMany({ orderBy: [{ name: 'asc' }, { id: 'asc' }] })).map(toUser);
}

export async function getUser(db: Db, userId: string): Promise<UserRow | null> {
  const row = await db.prisma.user.findUnique({ where: { id: userId } });
  return row === null ? null : toUser(row);
}

export async function userByEmail(db: Db, email: string): Promise<UserRow | null> {
  const row = await db.prisma.user.findUnique({ where: { email: email.trim().toLowerCase() } });
  return row === null ? null : toUser(row);
}

/** @throws EmailTakenError */
export async function createUser(db: Db, user: NewUser): Promise<UserRow> {
  try {
    return toUser(await db.prisma.user.create({ data: { ...user, email: user.email.trim().toLowerCase() } }));
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002')
      throw new EmailTakenError(`${user.email} has an account already`, { cause: error });
    throw error;
  }
}

/** Sets the password and ends all sessions of the user. */
export async function setPassword(db: Db, userId: string, passwordHash: string): Promise<void> {
  await db.prisma.$transaction([db.prisma.user.update({ where: { id: userId }, data: { passwordHash } }), db.prisma.session.deleteMany({ where: { userId } })]);
}

/** @throws LastAdminError */
export async function setRole(db: Db, userId: string, role: Role): Promise<UserRow> {
  const rows = await sql<{ id: string }>(
    db.pool,
    `with admins as (select id from users where role = 'admin' order by id for update)
     update users set role = $2 where id = $1::uuid and ($2 = 'admin' or role <> 'admin' or (select count(*) from admins) > 1) returning id`,
    [userId, role],
  );
  if (rows.length === 0) throw new LastAdminError('this is the last admin');
  const user = await getUser(db, userId);
  if (user === null) throw new Error(`user ${userId} was removed`);
  return user;
}

/** @throws LastAdminError */
export async function removeUser(db: Db, userId: string): Promise<boolean> {
  const rows = await sql<{ id: string }>(
    db.pool,
    `with admins as (select id from users where role = 'admin' order by id for update)
     delete from users where id = $1::uuid and (role <> 'admin' or (select count(*) from admins) > 1) returning id`,
    [userId],
  );
  if (rows.length > 0) return true;
  if ((await getUser(db, userId)) !== null) throw new LastAdminError('this is the last admin');
  return false;
}

export async function createSession(
  db: Db,
  session: {
    readonly userId: string;
    readonly secretHash: Uint8Array;
    readonly expiresAt: Date;
    readonly address: string | null;
    readonly userAgent: string | null;
  },
): Promise<SessionRow> {
  const row = await db.prisma.session.create({ data: { ...session, secretHash: new Uint8Array(session.secretHash) }, include: { user: true } });
  return { ...row, user: toUser(row.user) };
}

/** A session that has not expired, by the hash of its cookie's secret. */
export async function findSession(db: Db, secretHash: Uint8Array, now: Date): Promise<SessionRow | null> {
  const row = await db.prisma.session.findUnique({ where: { secretHash: new Uint8Array(secretHash) }, include: { user: true } });
  return row === null || row.expiresAt <= now ? null : { ...row, user: toUser(row.user) };
}

/** Notes that the session is in use; `expiresAt` may move with it. */
export async function touchSession(
  db: Db,
  session: { readonly id: string; readonly userId: string; readonly now: Date; readonly expiresAt: Date },
): Promise<void> {
  await db.prisma.$transaction([
    db.prisma.session.updateMany({ where: { id: session.id }, data: { lastSeenAt: session.now, expiresAt: session.expiresAt } }),
    db.prisma.user.updateMany({ where: { id: session.userId }, data: { lastSeenAt: session.now } }),
  ]);
}

export async function endSession(db: Db, sessionId: string): Promise<void> {
  await db.prisma.session.deleteMany({ where: { id: sessionId } });
}

/** Sign-out everywhere. Answers the ids of the sessions that ended. */
export async function endSessionsOf(db: Db, userId: string): Promise<string[]> {
  return (await sql<{ id: string }>(db.pool, 'delete from sessions where user_id = $1::uuid returning id', [userId])).map((row) => row.id);
}

export async function pruneSessions(db: Db, now: Date): Promise<number> {
  return (await db.prisma.session.deleteMany({ where: { expiresAt: { lte: now } } })).count;
}

export type LinkPurpose = 'first-admin' | 'password';

export async function createLink(
  db: Db,
  link: { readonly purpose: LinkPurpose; readonly secretHash: Uint8Array; readonly userId?: string | null; readonly expiresAt: Date },
): Promise<string> {
  const row = await db.prisma.oneTimeLink.create({
    data: { purpose: link.purpose, secretHash: new Uint8Array(link.secretHash), userId: link.userId ?? null, expiresAt: link.expiresAt },
  });
  return row.id;
}

/** Earlier links of this purpose that were not used stop working. */
export async function dropLinks(db: Db, purpose: LinkPurpose, userId?: string): Promise<void> {
  await db.prisma.oneTimeLink.deleteMany({ where: { purpose, usedAt: null, ...(userId === undefined ? {} : { userId }) } });
}

/** Whether a link would still work; does not use it up. */
export async function linkIsGood(db: Db, link: { readonly purpose: LinkPurpose; readonly secretHash: Uint8Array; readonly now: Date }): Promise<boolean> {
  return (
    (await db.prisma.oneTimeLink.count({
      where: { purpose: link.purpose, secretHash: new Uint8Array(link.secretHash), usedAt: null, expiresAt: { gt: link.now } },
    })) > 0
  );
}

/** Uses a link up: of two callers at once one gets it. Null: wrong, used or expired. */
export async function takeLink(
  db: Db,
  link: { readonly purpose: LinkPurpose; readonly secretHash: Uint8Array; readonly now: Date },
): Promise<{ id: string; userId: string | null } | null> {
  const rows = await sql<{ id: string; userId: string | null }>(
    db.pool,
    'update one_time_links set used_at = $3 where secret_hash = $1 and purpose = $2 and used_at is null and expires_at > $3 returning id, user_id as "userId"',
    [Buffer.from(link.secretHash), link.purpose, link.now],
  );
  return rows[0] ?? null;
}

function toUser(row: PrismaUser): UserRow {
  return { ...row, role: row.role as Role };
}
