import { isSecretOption, MASK, maskedLocation, type NamedStore, readCatalog } from '@wardrobe/connections';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { sayMistake, usage } from '../failures.js';
import { printable } from '../printable.js';
import type { Session } from '../session.js';
import { nameOf } from './store-names.js';

type JsonOption = { readonly json?: boolean };

/** `store ls`: a line for each named store. */
export async function listNames(session: Session, options: JsonOption): Promise<ExitCode> {
  const catalog = await sayMistake(() => readCatalog(session.env.surroundings));
  for (const { name, location, from, file } of catalog.stores) {
    const shown = location === null ? null : maskedLocation(location);
    const isDefault = name === catalog.default;
    if (options.json) await session.terminal.json({ name, location: shown, from, file, default: isDefault });
    else
      await session.terminal.line(
        `${printable(`@${name}`).padEnd(20)} ${printable(shown ?? '(no location)')}${isDefault ? '  (default)' : ''}${from === 'plakar' ? "  (plakar's)" : ''}`,
      );
  }
  if (catalog.stores.length === 0 && !options.json) session.terminal.warn('no store has a name yet. Give it one with: wardrobe store add NAME LOCATION');
  return EXIT.fine;
}

/** `store show`: everything that a name stands for. Secrets are masked unless they are asked for. */
export async function showNames(session: Session, texts: readonly string[], options: JsonOption & { readonly secrets?: boolean }): Promise<ExitCode> {
  const { stores } = await sayMistake(() => readCatalog(session.env.surroundings));
  const names = texts.map(nameOf);
  const absent = names.find((name) => !stores.some((store) => store.name === name));
  if (absent !== undefined) throw usage(`There is no store with the name @${absent}.`, 'See which there are with: wardrobe store ls');
  for (const store of names.length === 0 ? stores : stores.filter(({ name }) => names.includes(name))) {
    const shown = options.secrets === true ? valuesOf(store) : masked(store);
    if (options.json) await session.terminal.json({ name: store.name, from: store.from, file: store.file, ...shown });
    else {
      await session.terminal.line(`@${store.name} (${store.file})`);
      for (const [key, value] of Object.entries(shown)) await session.terminal.line(`    ${key}: ${printable(value)}`);
    }
  }
  return EXIT.fine;
}

function valuesOf({ location, options }: NamedStore): Readonly<Record<string, string>> {
  return { ...(location === null ? {} : { location }), ...options };
}

function masked(store: NamedStore): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(valuesOf(store)).map(([key, value]) => [key, key === 'location' ? maskedLocation(value) : isSecretOption(key) ? MASK : value]),
  );
}
