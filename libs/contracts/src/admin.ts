/**
 * What `wardrobe admin` asks of the running server: HTTP over the unix socket `admin.sock` (0600) in the data folder. Every request is a
 * POST with a JSON body; the answer is JSON. A refusal has a status of 400 or more and `{problem}` (api.ts) as body.
 *
 * | path | body | answer |
 * | --- | --- | --- |
 * | /store/list | {} | store[] |
 * | /store/add | storeInput | store |
 * | /store/remove | {store: id or name} | {ok} |
 * | /store/refresh | {store} | store, after the reading has ended |
 * | /user/add | {name, email, role, password} | user |
 * | /user/passwd | {email, password} | {ok} |
 * | /token/create | {name, kind} | {token, secret, command} |
 * | /token/list | {} | token[] |
 * | /token/revoke | {token: id or name} | {ok} |
 * | /report/import | machineReport | reportAnswer |
 * | /setup-link | {} | {link: address or null} |
 */
export const ADMIN_SOCKET = 'admin.sock';
export const ADMIN_PATHS = [
  '/store/list',
  '/store/add',
  '/store/remove',
  '/store/refresh',
  '/user/add',
  '/user/passwd',
  '/token/create',
  '/token/list',
  '/token/revoke',
  '/report/import',
  '/setup-link',
] as const;
export type AdminPath = (typeof ADMIN_PATHS)[number];
