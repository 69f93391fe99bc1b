import { planDowngrade, type Repository, UnsupportedVersionError } from '@wardrobe/kloset';
import { counted, listed } from '@wardrobe/words';

export type UsableLines = { readonly usableBy: readonly ('1.0' | '1.1')[]; readonly usableWhy: readonly string[] };

/** Which plakar lines can use a store, and why, as sentences. @source 01-store 1.3, 2.1, 9 */
export async function usableLines(repository: Repository, signal: AbortSignal): Promise<UsableLines> {
  const out = new Map<'1.0' | '1.1', string[]>([
    ['1.0', []],
    ['1.1', []],
  ]);
  const keep = (lines: readonly ('1.0' | '1.1')[], why: string): void => {
    for (const line of lines) out.get(line)?.push(why);
  };
  const { view, config } = repository;
  if (config.compression === 'ZSTD') keep(['1.0', '1.1'], 'its contents are compressed with ZSTD, which plakar up to 1.1.4 does not know');
  const later = view.states.filter((state) => state.version === '1.1.0');
  if (later.length > 0)
    keep(
      ['1.0'],
      `${counted(later.length, 'state has', 'states have')} version 1.1.0, which plakar 1.0 refuses: ${listed(later.map(({ id }) => id.slice(0, 8)))}`,
    );
  for (const { id, error } of view.unreadable) {
    const why =
      error instanceof UnsupportedVersionError
        ? `state ${id} is newer than any known program: ${error.message}`
        : `state ${id} is damaged, and plakar stops at it: mend it with repair`;
    keep(['1.0', '1.1'], why);
  }
  const strays: string[] = [];
  for await (const { path } of repository.store.listForeign({ signal })) if (path.startsWith('locks/')) strays.push(path);
  if (strays.length > 0) keep(['1.0'], `plakar 1.0 stops at files in locks that are no locks: ${listed(strays)}`);
  const usableBy = (['1.0', '1.1'] as const).filter((line) => out.get(line)?.length === 0);
  return { usableBy, usableWhy: [...sentences(out), ...hints(repository, later.length)] };
}

function* sentences(out: ReadonlyMap<'1.0' | '1.1', readonly string[]>): Generator<string> {
  for (const [line, reasons] of out) {
    if (reasons.length === 0) yield `plakar ${line} can use it${line === '1.0' ? ': no state is of a later version' : ''}`;
    for (const reason of reasons) yield `plakar ${line} cannot: ${reason}`;
  }
}

function* hints(repository: Repository, laterStates: number): Generator<string> {
  if (laterStates === 0) {
    yield 'wardrobe writes states of version 1.0.0 here; the first thing that plakar 1.1 writes locks plakar 1.0 out';
    return;
  }
  const { forbidding } = planDowngrade(repository);
  yield forbidding.length === 0
    ? 'it can be given back to plakar 1.0 with: downgrade'
    : `it cannot be given back to plakar 1.0: ${counted(forbidding.length, 'state forbids', 'states forbid')} it (see: downgrade)`;
}
