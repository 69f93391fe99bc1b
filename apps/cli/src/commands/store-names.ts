import { resolve } from 'node:path';
import { connectorFor, editOwnStores, isLocal, isSecretOption, type NamedStore, type OwnStores, readCatalog } from '@wardrobe/connections';
import { checkOptions, type ConnectorOption, formatStoreLocation, parseStoreLocation } from '@wardrobe/store-connector';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { sayMistake, usage } from '../failures.js';
import type { Session } from '../session.js';
import { askHidden } from '../terminal.js';

type NamedChange = { readonly name: string; readonly pairs: readonly string[]; readonly isDefault: boolean };
type Options = Readonly<Record<string, string>>;

/** Kept beside the connector's options, and never handed to it. @source 04-remote-stores 9.3 */
export const PASSPHRASE_KEYS = new Set(['passphrase', 'passphrase_cmd']);

/** `store add NAME LOCATION [KEY=VALUE…]` */
export async function addName(session: Session, { location, ...given }: NamedChange & { readonly location: string }): Promise<ExitCode> {
  const name = nameOf(given.name);
  const known = await named(session, name);
  if (known?.from === 'wardrobe') throw usage(`There is a store @${name} already.`, `Change it with: wardrobe store set ${name} KEY=VALUE`);
  const options = await fittingOptions(session, location, await readPairs(given.pairs));
  await write(session, (stores) => {
    stores.set(name, { location: absoluteLocation(location), ...options });
    if (given.isDefault) stores.setDefault(name);
  });
  if (known !== undefined) session.terminal.warn(`the store @${name} of ${known.file} is hidden by this one`);
  await session.terminal.line(`@${name}: added. Try it with: wardrobe store check @${name}`);
  return EXIT.fine;
}

/** `store set NAME KEY=VALUE…`; `location` is one of the keys. */
export async function setOptions(session: Session, given: NamedChange): Promise<ExitCode> {
  const name = nameOf(given.name);
  if (given.pairs.length === 0 && !given.isDefault) throw usage('There is nothing to set.', `Give options: wardrobe store set ${name} KEY=VALUE`);
  const before = given.pairs.length === 0 ? await named(session, name) : await own(session, name);
  if (before === undefined) throw unknown(name);
  const { location = before.location ?? '', ...options } = await readPairs(given.pairs);
  const checked = await fittingOptions(session, location, options);
  await write(session, (stores) => {
    if (given.pairs.length > 0) stores.set(name, { location: absoluteLocation(location), ...checked });
    if (given.isDefault) stores.setDefault(name);
  });
  await session.terminal.line(`@${name}: changed`);
  return EXIT.fine;
}

export async function unsetOptions(session: Session, text: string, keys: readonly string[]): Promise<ExitCode> {
  const name = nameOf(text);
  const { options } = await own(session, name);
  if (keys.includes('location')) throw usage('A store cannot be without a location.', `Give another one: wardrobe store set ${name} location=LOCATION`);
  const absent = keys.filter((key) => !Object.hasOwn(options, key));
  if (absent.length > 0) throw usage(`@${name} has no option ${absent.join(', ')}.`, `See: wardrobe store show ${name}`);
  await write(session, (stores) => stores.unset(name, keys));
  await session.terminal.line(`@${name}: changed`);
  return EXIT.fine;
}

export async function removeName(session: Session, text: string): Promise<ExitCode> {
  const name = nameOf(text);
  await own(session, name);
  await write(session, (stores) => {
    stores.remove(name);
    if (stores.default === name) stores.setDefault(null);
  });
  await session.terminal.line(`@${name}: forgotten; the store itself was not touched`);
  return EXIT.fine;
}

/** The name without a leading `@`. */
export function nameOf(text: string): string {
  const name = text.replace(/^@/, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (name === '' || /[:\u0000-\u001f]/.test(name)) throw usage(`'${text}' is no name for a store.`, 'A name is not empty and has no colon.');
  return name;
}

function write(session: Session, change: (stores: OwnStores) => void): Promise<string> {
  return sayMistake(() => editOwnStores(session.env.configDirectory, change));
}

async function named(session: Session, name: string): Promise<NamedStore | undefined> {
  const { stores } = await sayMistake(() => readCatalog(session.env.surroundings));
  return stores.find((store) => store.name === name);
}

async function own(session: Session, name: string): Promise<NamedStore> {
  const found = await named(session, name);
  if (found === undefined) throw unknown(name);
  if (found.from === 'plakar')
    throw usage(
      `@${name} stands in plakar's ${found.file}, which Wardrobe only reads.`,
      `Change it with plakar, or take it over: wardrobe store add ${name} LOCATION`,
    );
  return found;
}

function unknown(name: string): Error {
  return usage(`There is no store with the name @${name}.`, 'See which there are with: wardrobe store ls');
}

/** Options in the connector's spelling, and files as absolute paths. What is still missing may come from the environment. @throws CliError */
export async function fittingOptions(session: Session, text: string, options: Options): Promise<Options> {
  const location = await sayMistake(() => parseStoreLocation(text));
  const own = Object.fromEntries(Object.entries(options).filter(([key]) => PASSPHRASE_KEYS.has(key)));
  const others = Object.fromEntries(Object.entries(options).filter(([key]) => !PASSPHRASE_KEYS.has(key)));
  const connector = await sayMistake(() => connectorFor(location.scheme, session.env.surroundings));
  const known = connector.options.map(optional);
  const withDefaults = await sayMistake(() => checkOptions(connector.name, known, others));
  // Defaults are not written down: they are the connector's.
  const checked = Object.fromEntries(Object.entries(withDefaults).filter(([name]) => Object.hasOwn(others, name)));
  const files = new Set(known.filter(({ kind }) => kind === 'file').map(({ name }) => name));
  return { ...own, ...Object.fromEntries(Object.entries(checked).map(([name, value]) => [name, files.has(name) ? resolve(value) : value])) };
}

function optional(option: ConnectorOption): ConnectorOption {
  return { ...option, required: false };
}

/** A path of this machine that does not depend on the current folder. */
export function absoluteLocation(text: string): string {
  const location = parseStoreLocation(text);
  return isLocal(location) ? formatStoreLocation({ ...location, rest: resolve(location.rest) }) : text;
}

/** `KEY=VALUE`, or `KEY` alone: asked for on a terminal, else the next line of standard input. */
async function readPairs(pairs: readonly string[]): Promise<Record<string, string>> {
  const lines = pairs.some((pair) => !pair.includes('=')) && !process.stdin.isTTY ? await standardInputLines() : [];
  const options: Record<string, string> = {};
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const key = equals < 0 ? pair : pair.slice(0, equals);
    if (!/^[A-Za-z][A-Za-z0-9_.-]*$/.test(key)) throw usage('An option of a store is written KEY=VALUE.', 'For example: use_tls=false');
    options[key] = equals < 0 ? await askedValue(key, lines) : pair.slice(equals + 1);
  }
  return options;
}

async function askedValue(key: string, lines: string[]): Promise<string> {
  const value = process.stdin.isTTY ? await askHidden(`${key}${isSecretOption(key) ? ' (is not shown)' : ''}: `) : lines.shift();
  if (value === undefined || value === '')
    throw usage(`There is no value for the option ${key}.`, `Give it as ${key}=VALUE, type it, or send it as a line of standard input.`);
  return value;
}

async function standardInputLines(): Promise<string[]> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Buffer));
  return Buffer.concat(chunks).toString('utf8').split(/\r?\n/);
}
