import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import {
  type ContentDiff,
  type ContentSide,
  contentSide,
  diffContents,
  diffLocal,
  diffTrees,
  type Entry,
  KlosetError,
  type LocalChange,
  type LocalEntry,
  type LocalGap,
  type TreeChange,
} from '@wardrobe/kloset';
import { byteName, isExactText, permissionsText } from '@wardrobe/kloset-model';
import { counted } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { usage } from '../failures.js';
import { entryJson, namePair, plainSize } from '../json.js';
import { printable } from '../printable.js';
import { type Reach, select, type Selected } from '../select.js';
import { openStore, type Session, warnUnreadable } from '../session.js';

export type DiffOptions = Reach & { readonly content?: boolean; readonly local?: string | boolean; readonly json?: boolean };

const SIGN = { added: '+', removed: '-', changed: '~', 'type-changed': '!', unknown: '?' } as const satisfies Record<TreeChange['kind'], string>;

/** Two snapshots, or one and this machine. */
type Compared = { readonly a: string; readonly b: string | undefined };
/** A change as it is printed: `contents` of both sides where both are files whose content differs. */
type Shown = {
  readonly change: TreeChange | LocalChange | LocalGap;
  readonly contents: (() => Promise<readonly [ContentSide, ContentSide]>) | null;
  readonly sides: readonly [string, string];
};

/**
 * `diff`: entries that differ between two trees by their MACs alone, or between a tree and this machine; with `--content` also how texts differ. Ends with 0 also
 * when they differ, with 65 when the store could not be read whole, with 1 when this machine could not.
 */
export async function diff(session: Session, { a, b }: Compared, options: DiffOptions): Promise<ExitCode> {
  if (b !== undefined && options.local !== undefined) throw usage('A second snapshot and --local are two things to compare with.', 'Leave out one of the two.');
  const repository = await openStore(session);
  let code: ExitCode = warnUnreadable(session, repository) ? EXIT.damaged : EXIT.fine;
  const before = await select(session, repository, { argument: a, reach: options });
  const changes =
    b === undefined
      ? againstLocal(session, before, options)
      : againstSnapshot(session, { before, after: await select(session, repository, { argument: b, reach: options }) }, { a, b });
  let count = 0;
  for await (const shown of changes) {
    count += 1;
    const { change } = shown;
    if (change.kind === 'unknown') {
      if (change.side === 'before' || b !== undefined) code = EXIT.damaged;
      else if (code === EXIT.fine) code = EXIT.usage;
      session.terminal.warn(
        `${printable(change.path.text || '.')} cannot be read in ${printable(shown.sides[change.side === 'before' ? 0 : 1])}: ${change.error.message}`,
      );
    }
    const content = options.content === true ? await contentOf(session, shown) : null;
    if (content instanceof KlosetError) code = EXIT.damaged;
    await print(session, shown, { options, content: content instanceof KlosetError ? null : content });
  }
  if (options.json && code !== EXIT.fine)
    await session.terminal.json({ incomplete: true, unreadableStates: repository.view.unreadable.map((state) => state.id) });
  if (!options.json) session.terminal.warn(count === 0 ? 'no difference' : counted(count, 'difference'));
  return code;
}

async function* againstSnapshot(
  session: Session,
  { before, after }: { readonly before: Selected; readonly after: Selected },
  { a, b }: { readonly a: string; readonly b: string },
): AsyncGenerator<Shown> {
  const { signal } = session;
  for await (const change of diffTrees(before, after, { signal })) {
    const sides = [change, before, after] as const;
    yield { change, sides: [a, b], contents: contentsOf(...sides, signal) };
  }
}

function contentsOf(change: TreeChange, before: Selected, after: Selected, signal: AbortSignal): Shown['contents'] {
  if (change.kind !== 'changed' || !change.what.includes('content')) return null;
  return async () => [await snapshotSide(before, change.before, signal), await snapshotSide(after, change.after, signal)];
}

function snapshotSide({ snapshot }: Selected, entry: Entry, signal: AbortSignal): Promise<ContentSide> {
  return contentSide({ snapshot, entry, name: `${snapshot.header.id.slice(0, 8)}:${printable(entry.path.text)}` }, { signal });
}

async function* againstLocal(session: Session, before: Selected, options: DiffOptions): AsyncGenerator<Shown> {
  const { signal, terminal } = session;
  const local = typeof options.local === 'string' ? Buffer.from(resolve(options.local)) : Buffer.from(before.path);
  const sides = [`snapshot ${before.snapshot.header.id.slice(0, 8)}`, local.toString('utf8')] as const;
  let files = 0;
  const onFile = (): void => {
    files += 1;
    terminal.progress.show('comparing files', files, null);
  };
  for await (const change of diffLocal(before.snapshot, { path: before.path, local, signal, onFile })) {
    const isContent = change.kind === 'changed' && change.what.includes('content');
    const contents = async (): Promise<readonly [ContentSide, ContentSide]> => {
      if (change.kind === 'unknown' || change.before === null || change.after === null) throw new TypeError('a change without two sides');
      return [await snapshotSide(before, change.before, signal), localSide(change.after)];
    };
    yield { change, sides, contents: isContent ? contents : null };
  }
}

function localSide({ path, sizeBytes }: LocalEntry): ContentSide {
  return {
    name: printable(path.toString('utf8')),
    sizeBytes: Number(sizeBytes),
    read: async () => {
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
      try {
        return await handle.readFile();
      } finally {
        await handle.close();
      }
    },
  };
}

/** A content that cannot be read is said; the change itself stands. */
async function contentOf(session: Session, { change, contents }: Shown): Promise<ContentDiff | KlosetError | null> {
  if (contents === null) return null;
  try {
    const [before, after] = await contents();
    return await diffContents(before, after);
  } catch (error) {
    if (session.signal.aborted || !(error instanceof KlosetError)) throw error;
    session.terminal.warn(`the content of ${printable(change.path.text || '.')} cannot be read: ${error.message}`);
    return error;
  }
}

type Printed = { readonly options: DiffOptions; readonly content: ContentDiff | null };

async function print(session: Session, shown: Shown, { options, content }: Printed): Promise<void> {
  const { change } = shown;
  const path = { bytes: change.path.bytes, text: change.path.text || '.' };
  if (options.json) return printJson(session, change, content);
  const what = 'what' in change && change.what.length > 0 && change.kind === 'changed' ? ` (${change.what.join(', ')})` : '';
  await session.terminal.line(`${SIGN[change.kind]} ${printable(path.text)}${what}`);
  if (content === null) return;
  if (content.kind === 'text') await session.terminal.bytes(Buffer.from(`${content.lines.join('\n')}\n`, 'latin1'));
  else
    await session.terminal.line(
      content.kind === 'binary' ? `Binary files ${printable(path.text)} differ` : `Files ${printable(path.text)} differ, and are too large to show how`,
    );
}

async function printJson(session: Session, change: Shown['change'], content: ContentDiff | null): Promise<void> {
  const path = { bytes: change.path.bytes, text: change.path.text || '.' };
  if (change.kind === 'unknown')
    return session.terminal.json({ ...namePair('path', path), kind: change.kind, what: [], side: change.side, message: change.error.message });
  return session.terminal.json({
    ...namePair('path', path),
    kind: change.kind,
    what: change.what,
    before: change.before ? entryJson(change.before) : null,
    after: change.after === null ? null : 'mac' in change.after ? entryJson(change.after) : localJson(change.after),
    ...contentJson(content),
  });
}

function contentJson(content: ContentDiff | null): Record<string, unknown> {
  if (content === null) return {};
  if (content.kind !== 'text') return { content: content.kind };
  const bytes = Buffer.from(content.lines.join('\n'), 'latin1');
  return {
    content: 'text',
    ...(isExactText(bytes) ? { diff: bytes.toString('utf8') } : { diff: bytes.toString('utf8'), diffBytes: bytes.toString('base64') }),
  };
}

function localJson(entry: LocalEntry): Record<string, unknown> {
  return {
    ...namePair('path', byteName(entry.path)),
    type: entry.type,
    mode: permissionsText(entry.permissions),
    uid: plainSize(entry.uid),
    gid: plainSize(entry.gid),
    sizeBytes: plainSize(entry.sizeBytes),
    mtimeNs: entry.mtimeNs.toString(),
    ...(entry.target === null ? { target: null } : namePair('target', byteName(entry.target))),
  };
}
