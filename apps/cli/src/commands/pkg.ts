import { BUILT_IN_CONNECTORS, connectorFor, type InstalledConnector, readRegistry } from '@wardrobe/connections';
import { removeConnector } from '@wardrobe/connections/install';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { sayMistake, usage } from '../failures.js';
import type { Session } from '../session.js';

type JsonOption = { readonly json?: boolean };
type Row = { readonly name: string; readonly version: string | null; readonly schemes: readonly string[]; readonly from: 'built-in' | 'installed' | 'removed' };

/** `pkg ls`: a line for each connector. */
export async function listConnectors(session: Session, options: JsonOption): Promise<ExitCode> {
  for (const row of await rows(session)) {
    if (options.json) await session.terminal.json(row);
    else
      await session.terminal.line(
        `${`${row.name}${row.version === null ? '' : `@${row.version}`}`.padEnd(20)} ${row.from.padEnd(10)} ${row.schemes.map((scheme) => `${scheme}:`).join(' ')}`,
      );
  }
  return EXIT.fine;
}

async function rows(session: Session): Promise<readonly Row[]> {
  const { installed, disabled } = await registry(session);
  const builtIn = BUILT_IN_CONNECTORS.filter(({ name }) => !installed.some((one) => one.name === name)).map(
    ({ name, schemes }): Row => ({ name, version: null, schemes, from: disabled.includes(name) ? 'removed' : 'built-in' }),
  );
  return [...installed.map(({ name, version, schemes }): Row => ({ name, version, schemes, from: 'installed' })), ...builtIn];
}

/** `pkg show NAME[@VERSION]` */
export async function showConnector(session: Session, text: string, options: JsonOption): Promise<ExitCode> {
  const [name = '', version] = text.split('@');
  const row = (await rows(session)).find((one) => one.name === name);
  if (row === undefined || (version !== undefined && row.version !== version))
    throw usage(`There is no connector ${text}.`, 'See which there are with: wardrobe pkg ls');
  const installed = (await registry(session)).installed.find((one) => one.name === name);
  const connector = row.from === 'removed' ? null : await sayMistake(() => connectorFor(row.schemes[0] ?? '', session.env.surroundings));
  const facts = {
    ...row,
    title: connector?.title ?? null,
    interfaceVersion: connector?.interfaceVersion ?? null,
    source: installed?.source ?? null,
    digest: installed?.digest ?? null,
    options: connector?.options.map((option) => option.name) ?? [],
  };
  if (options.json) await session.terminal.json(facts);
  else
    for (const [key, value] of Object.entries(facts))
      if (value !== null) await session.terminal.line(`${key.padEnd(18)} ${Array.isArray(value) ? value.join(' ') : String(value)}`);
  return EXIT.fine;
}

/** `pkg rm NAME` */
export async function removeInstalled(session: Session, name: string): Promise<ExitCode> {
  const builtIn = BUILT_IN_CONNECTORS.some((one) => one.name === name);
  const done = await sayMistake(() => removeConnector(connectorsFolder(session), name, builtIn));
  if (done === 'nothing') throw usage(`There is no connector ${name} to remove.`, 'See which there are with: wardrobe pkg ls');
  const words =
    done === 'disabled'
      ? `switched off. Bring it back with: wardrobe pkg add ${name}`
      : builtIn
        ? 'removed; the one that comes along is used again'
        : 'removed';
  await session.terminal.line(`${name}: ${words}`);
  return EXIT.fine;
}

export function connectorsFolder(session: Session): string {
  const { connectorsFolder: folder } = session.env.surroundings;
  if (folder === null) throw usage('There is no folder for connectors.');
  return folder;
}

function registry(session: Session): Promise<{ readonly installed: readonly InstalledConnector[]; readonly disabled: readonly string[] }> {
  return sayMistake(() => readRegistry(session.env.surroundings.connectorsFolder));
}
