import { z } from 'zod';
import { role, storeInput } from './api.js';

/**
 * What `wardrobe admin` asks of the running server: HTTP over the unix socket `admin.sock` (0600) in the data folder. Every request is
 * `POST /admin/<name>` with a JSON body; the answer is JSON. A refusal has a status of 400 or more and `{problem}` (api.ts) as body.
 *
 * | path | body | answer |
 * | --- | --- | --- |
 * | store/add | storeInput | store |
 * | store/ls | {} | {stores: store[]} |
 * | store/rm | {name} | {removed: name} |
 * | user/add | {name, email, role, password} | user |
 * | user/ls | {} | {users: user[]} |
 * | user/passwd | {email, password} | user |
 * | token/create | {name, kind} | {token, secret} |
 * | token/ls | {} | {tokens: token[]} |
 * | token/revoke | {id} (id or name) | {revoked: name} |
 * | report/import | machineReport | reportAnswer |
 */
export const ADMIN_SOCKET = 'admin.sock';
export const ADMIN_PREFIX = '/admin/';

export const adminBodies = {
  'store/add': storeInput,
  'store/ls': z.object({}),
  'store/rm': z.object({ name: z.string().min(1) }),
  'user/add': z.object({ name: z.string().min(1), email: z.email(), role, password: z.string().min(10) }),
  'user/ls': z.object({}),
  'user/passwd': z.object({ email: z.email(), password: z.string().min(10) }),
  'token/create': z.object({ name: z.string().min(1).max(100), kind: z.enum(['agent', 'read']) }),
  'token/ls': z.object({}),
  'token/revoke': z.object({ id: z.string().min(1) }),
} as const;
export type AdminCall = keyof typeof adminBodies | 'report/import';
