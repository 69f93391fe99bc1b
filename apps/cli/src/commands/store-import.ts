import { readFileSync, statSync } from 'node:fs';
import { connectorFor, editOwnStores, maskedLocation, parseImported, readCatalog } from '@wardrobe/connections';
import { parseStoreLocation } from '@wardrobe/store-connector';
import { counted } from '@wardrobe/words';
import { CliError, EXIT, type ExitCode } from '../exit-codes.js';
import { sayMistake, usage } from '../failures.js';
import { printable } from '../printable.js';
import type { Session } from '../session.js';
import { absoluteLocation, fittingOptions, nameOf, PASSPHRASE_KEYS } from './store-names.js';

export type ImportOptions = { readonly file?: string; readonly overwrite?: boolean; readonly dryRun?: boolean; readonly json?: boolean };

type Options = Readonly<Record<string, string>>;
type Wanted = { readonly section: string; readonly name: string };
type Imported = { readonly name: string; readonly location: string; readonly options: Options; readonly leftOut: readonly string[] };

const LIMIT_BYTES = 1 << 20;

/** `store import [SECTION[:NAME]…]`: all of them are taken over, or none. */
export async function importNames(session: Session, sections: readonly string[], options: ImportOptions): Promise<ExitCode> {
  const source = options.file ?? 'standard input';
  const found = await sayMistake(async () => parseImported(await textOf(options.file), source));
  const wanted = choose([...found.keys()], sections, source);
  const imported: Imported[] = [];
  for (const one of wanted) imported.push(await checked(session, one, found.get(one.section) ?? {}));
  const { stores } = await sayMistake(() => readCatalog(session.env.surroundings));
  const taken = imported.filter(({ name }) => stores.some((store) => store.name === name && store.from === 'wardrobe')).map(({ name }) => name);
  if (taken.length > 0 && options.overwrite !== true)
    throw usage(
      `There ${taken.length === 1 ? 'is a store' : 'are stores'} ${taken.map((name) => `@${name}`).join(', ')} already. Nothing was imported.`,
      'Replace with --overwrite, or give another name: SECTION:NAME',
    );
  if (options.dryRun !== true)
    await sayMistake(() =>
      editOwnStores(session.env.configDirectory, (own) => {
        for (const { name, location, options: kept } of imported) {
          if (own.stores.has(name)) own.remove(name);
          own.set(name, { location, ...kept });
        }
      }),
    );
  await tell(session, imported, { ...options, taken });
  return EXIT.fine;
}

/** The sections that are named, or all, and the names that they get. @throws CliError */
function choose(there: readonly string[], sections: readonly string[], source: string): readonly Wanted[] {
  if (there.length === 0) throw usage(`There is no store in ${source}.`);
  const wanted = (sections.length === 0 ? there.map((section) => ({ section, name: section })) : sections.map((text) => asked(there, text))).map(
    ({ section, name }) => ({ section, name: nameOf(name) }),
  );
  const absent = wanted.find(({ section }) => !there.includes(section));
  if (absent !== undefined) throw usage(`There is no store ${absent.section} in ${source}.`, `There are: ${there.map(printable).join(', ')}.`);
  const twice = wanted.find(({ name }, index) => wanted.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw usage(`Two stores would get the name @${twice.name}.`, 'Give another name to one of them: SECTION:NAME');
  return wanted;
}

function asked(there: readonly string[], text: string): Wanted {
  const section = text.replace(/^@/, '');
  const colon = section.lastIndexOf(':');
  if (there.includes(text)) return { section: text, name: text };
  return there.includes(section) || colon < 0 ? { section, name: section } : { section: section.slice(0, colon), name: section.slice(colon + 1) };
}

/** Location and options in the form in which they are kept. Options that the connector does not know are left out, as plakar passes over them. @throws CliError */
async function checked(session: Session, { section, name }: Wanted, { location, ...given }: Options): Promise<Imported> {
  if (location === undefined || location === '')
    throw usage(`The section ${printable(section)} has no location. Nothing was imported.`, 'Sections are stores as plakar shows them: location and options.');
  try {
    const { scheme } = await sayMistake(() => parseStoreLocation(location));
    const connector = await sayMistake(() => connectorFor(scheme, session.env.surroundings));
    const known = new Set([...PASSPHRASE_KEYS, ...connector.options.map((option) => option.name)]);
    const leftOut = Object.keys(given).filter((key) => !known.has(key));
    const kept = await fittingOptions(session, location, Object.fromEntries(Object.entries(given).filter(([key]) => known.has(key))));
    return { name, location: absoluteLocation(location), options: kept, leftOut };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw usage(`@${name} cannot be imported: ${error.message}`, 'Nothing was imported. Correct it, or name the sections that are to be imported.');
  }
}

async function tell(session: Session, imported: readonly Imported[], options: ImportOptions & { readonly taken: readonly string[] }): Promise<void> {
  const { terminal } = session;
  for (const { name, location, leftOut } of imported) {
    const replaced = options.taken.includes(name);
    if (leftOut.length > 0)
      terminal.warn(`@${name}: left out ${counted(leftOut.length, 'option')} that its connector does not know: ${leftOut.map(printable).join(', ')}`);
    if (options.json) await terminal.json({ name, location: maskedLocation(location), replaced, leftOut, dryRun: options.dryRun === true });
    else {
      const done = replaced ? 'replaced' : 'imported';
      await terminal.line(`@${printable(name)}: ${options.dryRun === true ? `would be ${done}` : done}, ${printable(maskedLocation(location))}`);
    }
  }
  if (options.dryRun === true) terminal.warn('Nothing was changed.');
}

async function textOf(file: string | undefined): Promise<string> {
  if (file === undefined) return standardInput();
  try {
    if (statSync(file).size > LIMIT_BYTES) throw usage(`${file} is larger than 1 MiB: that is no list of stores.`);
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw usage(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
}

async function standardInput(): Promise<string> {
  if (process.stdin.isTTY)
    throw usage('There is nothing to import.', 'Give a file with --file, or send one: plakar store show -secrets | wardrobe store import');
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of process.stdin) {
    bytes += (piece as Buffer).length;
    if (bytes > LIMIT_BYTES) throw usage('Standard input gives more than 1 MiB: that is no list of stores.');
    pieces.push(Buffer.from(piece as Buffer));
  }
  return Buffer.concat(pieces).toString('utf8');
}
