import type { MeDto, TokenDto, UserDto } from '@wardrobe/contracts';
import {
  countUsers,
  createLink,
  createSession,
  createToken,
  createUser,
  dropLinks,
  EmailTakenError,
  endSession,
  endSessionsOf,
  findSession,
  findToken,
  getUser,
  LastAdminError,
  listTokens,
  listUsers,
  removeUser,
  revokeToken,
  setPassword,
  setRole,
  takeLink,
  type TokenRow,
  touchSession,
  touchToken,
  userByEmail,
  type UserRow,
} from '@wardrobe/db';
import { ApiError, notFound } from '../errors/api-error.js';
import { audit, type Deps, now } from './deps.js';
import { forgetAttempts, limitAttempts } from './rate-limit.js';
import { hashPassword, newSecret, passwordMatches, secretHash } from './secrets.js';
import type { AccountService, Actor, RequestInfo, SignedIn } from './types.js';

const SESSION_MS = 14 * 86_400_000;
const LINK_MS = 3_600_000;
/** A session's use is written down at most this often. */
const TOUCH_MS = 5 * 60_000;

export interface Accounts extends AccountService {
  /** Who a cookie's secret or a bearer token stands for, or null. Notes the use. */
  authenticate(credentials: { readonly session: string | null; readonly bearer: string | null; readonly address: string }): Promise<Actor | null>;
  /** One-time address for the first admin; null once there is an account. Earlier links stop working. */
  setupLink(): Promise<string | null>;
  /** The console's own way in: sets a password without the old one and ends all sessions. */
  resetPassword(email: string, password: string): Promise<void>;
}

/** People, sessions and tokens. Secrets are kept as hashes only. */
export function createAccounts(deps: Deps): Accounts {
  const { db, bus } = deps;

  async function me(actor: Actor | null): Promise<MeDto> {
    const user = actor?.kind === 'user' ? await getUser(db, actor.id) : null;
    const setupNeeded = user === null && (await countUsers(db)) === 0;
    return {
      user: user === null ? null : userDto(user),
      setupNeeded,
      demo: deps.config.demo,
      serverTime: now(deps).toISOString(),
      version: deps.config.version,
    };
  }

  async function beginSession(user: UserRow, request: RequestInfo): Promise<SignedIn> {
    const secret = newSecret('wds');
    const session = await createSession(db, {
      userId: user.id,
      secretHash: secretHash(secret),
      expiresAt: new Date(deps.clock.nowMs() + SESSION_MS),
      address: request.address,
      userAgent: null,
    });
    return { secret, me: await me({ kind: 'user', id: user.id, name: user.name, role: user.role, sessionId: session.id }) };
  }

  return {
    me,
    async signIn({ email, password }, request) {
      await limitAttempts(deps, 'address', request.address);
      await limitAttempts(deps, 'account', email);
      const user = await userByEmail(db, email);
      if (!(await passwordMatches(user?.passwordHash ?? null, password)) || user === null) {
        await audit(
          deps,
          { name: 'someone', userId: null },
          { what: 'sign-in refused', about: user?.email ?? 'an address without account', address: request.address },
        );
        throw new ApiError(
          'unauthenticated',
          'This address and password do not belong together.',
          'Check both. An administrator can set a new password with `wardrobe admin user passwd`.',
        );
      }
      await forgetAttempts(deps, 'account', email);
      await audit(deps, { name: user.name, userId: user.id }, { what: 'signed in', about: user.email, address: request.address });
      return beginSession(user, request);
    },
    async setUp({ setupToken, name, email, password }, request) {
      await limitAttempts(deps, 'setup', request.address);
      if ((await countUsers(db)) > 0)
        throw new ApiError('conflict', 'This console has its first administrator already.', 'Sign in, or ask an administrator for an account.');
      const passwordHash = await hashPassword(password);
      const link = await takeLink(db, { purpose: 'first-admin', secretHash: secretHash(setupToken), now: now(deps) });
      if (link === null)
        throw new ApiError('forbidden', 'This set-up link is used up or older than one hour.', 'Start the console again: it prints a new one.');
      const user = await newUser({ name, email, role: 'admin', passwordHash });
      await audit(deps, { name: user.name, userId: user.id }, { what: 'set up the first administrator', about: user.email, address: request.address });
      return beginSession(user, request);
    },
    async signOut(actor) {
      if (actor.kind !== 'user') return;
      await endSession(db, actor.sessionId);
      bus.end({ kind: 'session', id: actor.sessionId });
      await audit(deps, actor, { what: 'signed out', about: actor.name });
    },
    async signOutEverywhere(actor) {
      await endSessionsOf(db, actor.id);
      bus.end({ kind: 'user', id: actor.id });
      await audit(deps, actor, { what: 'signed out everywhere', about: actor.name });
    },
    async changePassword(actor, { current, next }) {
      const user = await getUser(db, actor.id);
      await limitAttempts(deps, 'account', user?.email ?? actor.id);
      if (user === null || !(await passwordMatches(user.passwordHash, current)))
        throw new ApiError('forbidden', 'The present password is not right.', 'Type it again.');
      await setPassword(db, user.id, await hashPassword(next));
      bus.end({ kind: 'user', id: user.id });
      await audit(deps, actor, { what: 'changed the password', about: user.email });
    },
    async listUsers() {
      return (await listUsers(db)).map(userDto);
    },
    async createUser(actor, { password, ...person }) {
      const user = await newUser({ ...person, passwordHash: await hashPassword(password) });
      await audit(deps, actor, { what: `added a user as ${user.role}`, about: user.email });
      return userDto(user);
    },
    async setRole(actor, { id, role }) {
      if ((await getUser(db, id)) === null) throw notFound('This user');
      const user = await setRole(db, id, role).catch(lastAdmin);
      // Open streams and pages run with the old role: they end and come back with the new one.
      await endSessionsOf(db, id);
      bus.end({ kind: 'user', id });
      await audit(deps, actor, { what: `made a user ${role}`, about: user.email });
      return userDto(user);
    },
    async removeUser(actor, id) {
      const user = await getUser(db, id);
      if (user === null || !(await removeUser(db, id).catch(lastAdmin))) throw notFound('This user');
      bus.end({ kind: 'user', id });
      await audit(deps, actor, { what: 'removed a user', about: user.email });
    },
    async listTokens() {
      return (await listTokens(db)).map(tokenDto);
    },
    async createToken(actor, { name, kind }) {
      const secret = newSecret(kind === 'agent' ? 'wda' : 'wdr');
      const token = await createToken(db, { name, kind, secretHash: secretHash(secret), createdBy: actor.name });
      await audit(deps, actor, { what: `created a token to ${kind === 'agent' ? 'report' : 'read'}`, about: name });
      return { token: tokenDto(token), secret, command: commandFor(kind, deps.config.baseUrl, secret) };
    },
    async revokeToken(actor, id) {
      const token = (await listTokens(db)).find((row) => row.id === id);
      if (token === undefined) throw notFound('This token');
      await revokeToken(db, id, now(deps));
      bus.end({ kind: 'token', id });
      await audit(deps, actor, { what: 'revoked a token', about: token.name });
    },
    async authenticate({ session, bearer, address }) {
      if (bearer !== null) return bearerActor(deps, bearer, address);
      if (session === null) return null;
      const at = now(deps);
      const found = await findSession(db, secretHash(session), at);
      if (found === null) return null;
      if (found.lastSeenAt === null || at.getTime() - found.lastSeenAt.getTime() > TOUCH_MS) {
        await touchSession(db, { id: found.id, userId: found.userId, now: at, expiresAt: new Date(at.getTime() + SESSION_MS) });
      }
      return { kind: 'user', id: found.userId, name: found.user.name, role: found.user.role, sessionId: found.id };
    },
    async setupLink() {
      if ((await countUsers(db)) > 0) return null;
      const secret = newSecret('wdl');
      await dropLinks(db, 'first-admin');
      await createLink(db, { purpose: 'first-admin', secretHash: secretHash(secret), expiresAt: new Date(deps.clock.nowMs() + LINK_MS) });
      // Behind the hash sign: it reaches no log of a proxy and no other host.
      return `${deps.config.baseUrl}/set-up#token=${secret}`;
    },
    async resetPassword(email, password) {
      const user = await userByEmail(db, email);
      if (user === null) throw notFound(`A user with the address ${email}`);
      await setPassword(db, user.id, await hashPassword(password));
      bus.end({ kind: 'user', id: user.id });
      await forgetAttempts(deps, 'account', user.email);
      await audit(deps, { name: 'command line', userId: null }, { what: 'set a new password', about: user.email });
    },
  };

  async function newUser(user: { name: string; email: string; role: 'admin' | 'viewer'; passwordHash: string }): Promise<UserRow> {
    try {
      return await createUser(db, user);
    } catch (error) {
      if (error instanceof EmailTakenError) throw new ApiError('conflict', `${user.email} has an account already.`, 'Use another address.', { cause: error });
      throw error;
    }
  }
}

async function bearerActor(deps: Deps, bearer: string, address: string): Promise<Actor | null> {
  const token = await findToken(deps.db, secretHash(bearer));
  if (token === null) return null;
  await touchToken(deps.db, token.id, { now: now(deps), address });
  return { kind: 'token', id: token.id, name: token.name, role: 'viewer', tokenKind: token.kind };
}

function lastAdmin(error: unknown): never {
  if (error instanceof LastAdminError)
    throw new ApiError('conflict', 'This is the last administrator of the console.', 'Make another user administrator first.', { cause: error });
  throw error;
}

function commandFor(kind: 'agent' | 'read', baseUrl: string, secret: string): string {
  if (kind === 'read') return `curl -H 'Authorization: Bearer ${secret}' ${baseUrl}/api/stores/STORE/divergence.json`;
  return `(umask 077; printf %s '${secret}' > ~/.wardrobe-token) && wardrobe agent run --server ${baseUrl} --token-file ~/.wardrobe-token`;
}

function userDto(user: UserRow): UserDto {
  return {
    id: user.id,
    name: user.name,
    email: user.email,
    role: user.role,
    createdAt: user.createdAt.toISOString(),
    lastSeenAt: user.lastSeenAt?.toISOString() ?? null,
  };
}

function tokenDto(token: TokenRow): TokenDto {
  return {
    id: token.id,
    name: token.name,
    kind: token.kind,
    createdAt: token.createdAt.toISOString(),
    lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
    revokedAt: token.revokedAt?.toISOString() ?? null,
    machine: token.machine,
  };
}
