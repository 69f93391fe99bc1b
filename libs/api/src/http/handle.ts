import type { IncomingMessage, ServerResponse } from 'node:http';
import { API_PATHS, REPORT_LIMITS } from '@wardrobe/contracts';
import { ping } from '@wardrobe/db';
import { ApiError, forbidden, unauthenticated } from '../errors/api-error.js';
import { codeOf } from '../errors/bridge.js';
import type { Accounts } from '../services/accounts.js';
import type { Deps } from '../services/deps.js';
import type { Reports } from '../services/reports.js';
import type { Tracking } from '../services/tracking.js';
import type { Actor, Services } from '../services/types.js';
import { sessionCookie, sessionOfCookies } from './cookies.js';
import { type DownloadParts, sendArchive, sendContent, sendText } from './downloads.js';
import { sendDivergence } from './export.js';
import { bearerOf, checkFetchSite, checkHost, checkOrigin, clientAddress, headerText, readBody, sendFailure, sendJson } from './request.js';
import { answerTrpc } from './trpc.js';

export type HttpParts = {
  readonly deps: Deps;
  readonly accounts: Accounts;
  readonly services: Services;
  readonly tracking: Tracking;
  readonly reports: Reports;
  readonly downloads: DownloadParts;
};

/** Answers requests below `/api/` and `/healthz`; others are left alone (false). Never rejects. */
export async function handleRequest(parts: HttpParts, req: IncomingMessage, res: ServerResponse): Promise<boolean> {
  const path = (req.url ?? '/').split('?', 1)[0] ?? '/';
  if (path !== API_PATHS.health && !path.startsWith('/api/')) return false;
  try {
    if (path === API_PATHS.health) await health(parts, res);
    else await route(parts, { req, res, path });
  } catch (error) {
    if (codeOf(error) === null)
      parts.deps.log('error', `${req.method ?? ''} ${routeName(path)} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    sendFailure(req, res, error);
  }
  return true;
}

/** The address without what comes from people: for the log. */
function routeName(path: string): string {
  return path
    .split('/')
    .slice(0, 6)
    .join('/')
    .replace(/[0-9a-f]{64}/, 'SNAPSHOT')
    .slice(0, 100);
}

async function health({ deps }: HttpParts, res: ServerResponse): Promise<void> {
  const ok = await ping(deps.db).catch(() => false);
  sendJson(res, ok ? 200 : 503, { ok, version: deps.config.version });
}

type Asked = { readonly req: IncomingMessage; readonly res: ServerResponse; readonly path: string };

async function route(parts: HttpParts, asked: Asked): Promise<void> {
  const { req, res, path } = asked;
  const { config } = parts.deps;
  const bearer = bearerOf(headerText(req.headers.authorization));
  const fetchSite = headerText(req.headers['sec-fetch-site']);
  checkHost(req.headers.host, config);
  checkFetchSite(fetchSite, bearer !== null);
  checkOrigin({ method: req.method ?? 'GET', origin: headerText(req.headers.origin), host: req.headers.host, fetchSite, hasBearer: bearer !== null });
  const address = clientAddress(req, config);
  // A request with a bearer token is that token's, whatever cookie comes with it.
  const actor = await parts.accounts.authenticate({ session: sessionOfCookies(req.headers.cookie, config.secure), bearer, address });
  if (path === API_PATHS.report) return takeReport(parts, asked, actor);
  if (path === API_PATHS.trpc || path.startsWith(`${API_PATHS.trpc}/`)) {
    const setSession = (secret: string | null): void => void res.setHeader('set-cookie', sessionCookie(secret, config.secure));
    return answerTrpc(req, res, { log: parts.deps.log, context: { services: parts.services, actor, address, setSession } });
  }
  if (req.method !== 'GET' && req.method !== 'HEAD') throw new ApiError('read-only', 'This address can only be read.', 'Use GET.');
  return readRoute(parts, asked, reader(actor));
}

/** People, and tokens made for reading. */
function reader(actor: Actor | null): Actor {
  if (actor === null) throw unauthenticated();
  if (actor.kind === 'token' && actor.tokenKind !== 'read') throw forbidden('read with a token made for an agent');
  return actor;
}

const STORE_ROUTE = /^\/api\/stores\/(\d{1,18})\/(?:divergence\.(json|csv)|snapshots\/([0-9a-f]{64})\/(content|text|archive))$/;

async function readRoute(parts: HttpParts, { req, res, path }: Asked, actor: Actor): Promise<void> {
  const match = STORE_ROUTE.exec(path);
  const [, storeId, format, snapshotId, what] = match ?? [];
  if (storeId === undefined) throw new ApiError('not-found', 'There is nothing at this address.', 'Check the address.');
  if (format === 'json' || format === 'csv') return sendDivergence(parts.deps, parts.tracking, { storeId, format, res });
  const asked = { req, res, actor, storeId, snapshotId: snapshotId ?? '' };
  if (what === 'content') return sendContent(parts.downloads, asked);
  if (what === 'archive') return sendArchive(parts.downloads, asked);
  return sendText(parts.downloads, asked);
}

async function takeReport({ reports }: HttpParts, { req, res }: Asked, actor: Actor | null): Promise<void> {
  if (req.method !== 'POST') throw new ApiError('read-only', 'Reports are sent with POST.', 'Let the agent send them.');
  if (actor === null) throw new ApiError('unauthenticated', 'This token is not known, or was revoked.', 'Create a token for this machine in the console.');
  if (actor.kind !== 'token' || actor.tokenKind !== 'agent') throw forbidden('report: that takes a token made for an agent');
  if (!/^application\/json\b/i.test(req.headers['content-type'] ?? ''))
    throw new ApiError('invalid-input', 'A report is sent as application/json.', 'Let the agent send it.');
  const encoding = headerText(req.headers['content-encoding']) ?? 'identity';
  if (encoding !== 'gzip' && encoding !== 'identity')
    throw new ApiError('invalid-input', 'A report is sent plain or packed with gzip.', 'Let the agent send it.');
  const bytes = await readBody(req, REPORT_LIMITS.bytes);
  const parsed = await reports.parse(bytes, encoding === 'gzip');
  sendJson(res, 200, await reports.take(parsed, { kind: 'agent', tokenId: actor.id }));
}
