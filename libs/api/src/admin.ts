import type { IncomingMessage, ServerResponse } from 'node:http';
import { ADMIN_PATHS, type AdminPath, type machineReport, REPORT_LIMITS, storeInput } from '@wardrobe/contracts';
import { z } from 'zod';
import { ApiError } from './errors/api-error.js';
import { codeOf, problemOf } from './errors/bridge.js';
import { readBody, sendFailure, sendJson } from './http/request.js';
import { email, password, personName } from './routers/accounts.js';
import type { Accounts } from './services/accounts.js';
import { CONSOLE, type Deps } from './services/deps.js';
import type { Reports } from './services/reports.js';
import type { Services } from './services/types.js';

/** The console's 0600 unix socket: whoever may open it is the console's owner. Paths, bodies and answers: libs/contracts/src/admin.ts. */
export type AdminParts = {
  readonly deps: Deps;
  readonly accounts: Accounts;
  readonly services: Services;
  readonly reports: Reports;
  readonly settled: (storeId: string) => Promise<void>;
};

const BODY_BYTES = 256 * 1024;
const OK = { ok: true } as const;

export async function handleAdmin(parts: AdminParts, req: IncomingMessage, res: ServerResponse): Promise<void> {
  try {
    const path = ADMIN_PATHS.find((known) => known === (req.url ?? '').split('?', 1)[0]);
    if (path === undefined || req.method !== 'POST')
      throw new ApiError('not-found', 'The running console does not know this command.', 'Use the same version of the command line and the console.');
    const bytes = await readBody(req, path === '/report/import' ? REPORT_LIMITS.bytes : BODY_BYTES);
    sendJson(res, 200, await run(parts, path, bytes));
  } catch (error) {
    if (codeOf(error) === null && !(error instanceof z.ZodError))
      parts.deps.log('error', `an admin command failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    sendFailure(req, res, error instanceof z.ZodError ? invalid(error) : error);
  }
}

async function run(parts: AdminParts, path: AdminPath, bytes: Uint8Array): Promise<unknown> {
  const { accounts, services } = parts;
  if (path === '/report/import') return importReport(parts, await parts.reports.parse(bytes, bytes[0] === 0x1f));
  const body = jsonOf(bytes);
  switch (path) {
    case '/store/list':
      return services.stores.list();
    case '/store/add':
      return services.stores.add(CONSOLE, storeInput.parse(body));
    case '/store/remove': {
      const store = await findStore(parts, body);
      await services.stores.remove(CONSOLE, { storeId: store.id, confirmName: store.name });
      return OK;
    }
    case '/store/refresh': {
      const store = await findStore(parts, body);
      await services.stores.refresh(CONSOLE, store.id);
      await parts.settled(store.id);
      return services.stores.get(store.id);
    }
    case '/user/add':
      return accounts.createUser(CONSOLE, z.object({ name: personName, email, role: z.enum(['admin', 'viewer']).default('admin'), password }).parse(body));
    case '/user/passwd': {
      const input = z.object({ email, password }).parse(body);
      await accounts.resetPassword(input.email, input.password);
      return OK;
    }
    case '/token/create':
      return accounts.createToken(CONSOLE, z.object({ name: z.string().trim().min(1).max(100), kind: z.enum(['agent', 'read']).default('agent') }).parse(body));
    case '/token/list':
      return accounts.listTokens();
    case '/token/revoke': {
      const { token } = z.object({ token: z.string() }).parse(body);
      const found = (await accounts.listTokens()).filter((row) => row.id === token || (row.name === token && row.revokedAt === null));
      if (found.length !== 1 || found[0] === undefined)
        throw new ApiError(
          'not-found',
          found.length === 0 ? `There is no token ${token}.` : `${found.length} tokens have the name ${token}.`,
          'List the tokens and give the id.',
        );
      await accounts.revokeToken(CONSOLE, found[0].id);
      return OK;
    }
    case '/setup-link':
      return { link: await accounts.setupLink() };
  }
}

async function findStore({ services }: AdminParts, body: unknown): Promise<{ id: string; name: string }> {
  const { store } = z.object({ store: z.string() }).parse(body);
  const stores = await services.stores.list();
  const byId = stores.find(({ id }) => id === store);
  const found = byId === undefined ? stores.filter(({ name }) => name === store) : [byId];
  if (found.length !== 1 || found[0] === undefined)
    throw new ApiError(
      'not-found',
      found.length === 0 ? `There is no store ${store}.` : `${found.length} stores have the name ${store}.`,
      'List the stores and give the id.',
    );
  return found[0];
}

export async function importReport(
  { reports }: Pick<AdminParts, 'reports'>,
  parsed: { report: z.infer<typeof machineReport>; sizeBytes: number },
): Promise<unknown> {
  return reports.take(parsed, { kind: 'import' });
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(bytes.length === 0 ? '{}' : Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    throw new ApiError('invalid-input', 'The command’s body is not JSON.', problemOf(error).next, { cause: error });
  }
}

function invalid(error: z.ZodError): ApiError {
  const issue = error.issues[0];
  return new ApiError(
    'invalid-input',
    issue === undefined ? 'The command is not valid.' : `${issue.path.join('.') || 'input'}: ${issue.message}.`,
    'Correct it and try again.',
    { cause: error },
  );
}
