import { token, user } from '@wardrobe/contracts';
import { z } from 'zod';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import type { Session } from '../session.js';
import { askHidden } from '../terminal.js';
import { callServer } from './client.js';

type JsonOption = { readonly json?: boolean };

export async function addUser(session: Session, email: string, options: { readonly name: string; readonly role: 'admin' | 'viewer' }): Promise<ExitCode> {
  const added = user.parse(await callServer(session.env, '/user/add', { email, name: options.name, role: options.role, password: await newPassword(session) }));
  await session.terminal.line(`${added.email}: added as ${added.role}`);
  return EXIT.fine;
}

export async function setPassword(session: Session, email: string): Promise<ExitCode> {
  await callServer(session.env, '/user/passwd', { email, password: await newPassword(session) });
  await session.terminal.line(`${email}: new password set, all sessions ended`);
  return EXIT.fine;
}

async function newPassword(session: Session): Promise<string> {
  const password = session.env.password ?? (process.stdin.isTTY ? await askHidden('New password: ') : undefined);
  if (password === undefined) throw usage('A password is needed.', 'Give it in WARDROBE_PASSWORD, or run this on a terminal.');
  if (password.length < 10) throw usage('The password is too short.', 'Use 10 characters or more.');
  return password;
}

/** The secret alone on standard output, so that it can go straight into a file. */
export async function createToken(session: Session, name: string, options: JsonOption & { readonly kind: 'agent' | 'read' }): Promise<ExitCode> {
  const made = z.object({ token, secret: z.string() }).parse(await callServer(session.env, '/token/create', { name, kind: options.kind }));
  await (options.json ? session.terminal.json(made) : session.terminal.line(made.secret));
  return EXIT.fine;
}

export async function listTokens(session: Session, options: JsonOption): Promise<ExitCode> {
  const tokens = z.array(token).parse(await callServer(session.env, '/token/list', {}));
  for (const one of tokens) {
    const state = one.revokedAt ? `revoked ${one.revokedAt}` : one.lastUsedAt ? `last used ${one.lastUsedAt}` : 'never used';
    await (options.json ? session.terminal.json(one) : session.terminal.line(`${one.id}  ${one.kind.padEnd(5)} ${one.name.padEnd(24)} ${state}`));
  }
  return EXIT.fine;
}

export async function revokeToken(session: Session, id: string): Promise<ExitCode> {
  await callServer(session.env, '/token/revoke', { token: id });
  await session.terminal.line(`${id}: revoked`);
  return EXIT.fine;
}

/** The one-time link for the first admin, made anew. */
export async function printSetupLink(session: Session): Promise<ExitCode> {
  const { link } = z.object({ link: z.string().nullable() }).parse(await callServer(session.env, '/setup-link', {}));
  if (link === null) throw usage('This console has its administrator already.', 'Set a lost password anew with: wardrobe admin user passwd');
  await session.terminal.line(link);
  return EXIT.fine;
}
