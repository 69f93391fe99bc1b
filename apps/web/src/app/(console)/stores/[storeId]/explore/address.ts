import type { SnapshotRowDto } from '@wardrobe/contracts';
import type { EntrySort } from '@wardrobe/ui/explorer';

/** Entries fetched with one question. */
export const PAGE_ENTRIES = 200;

/** Place in the explorer. Paths are percent-encoded, `file` is the encoded name of the file whose preview is open. */
export type ExploreView = {
  readonly snapshot: string;
  readonly path: string;
  readonly file?: string | null;
  readonly sort?: EntrySort;
  readonly filter?: string;
  readonly tab?: string;
  readonly as?: string;
};

/** Query of the address for a place; the defaults are left out. */
export function exploreQuery(view: ExploreView): Record<string, string | null> {
  return {
    snapshot: view.snapshot,
    path: view.path === '' ? null : view.path,
    file: view.file ?? null,
    sort: view.sort === undefined || view.sort === 'name' ? null : view.sort,
    q: view.filter ?? null,
    tab: view.tab === undefined || view.tab === 'preview' ? null : view.tab,
    as: view.as ?? null,
  };
}

/** Address of a place in the explorer of a store. */
export function exploreHref(storeId: string, view: ExploreView): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(exploreQuery(view))) if (value !== null && value !== '') query.set(key, value);
  return `/stores/${encodeURIComponent(storeId)}/explore?${query}`;
}

export type ContentRoute = 'content' | 'text' | 'archive';
type Reach = Pick<SnapshotRowDto, 'id' | 'availability'>;

/** Address of bytes of a snapshot. Deleted and hidden snapshots have to be asked for as such. */
export function bytesHref(
  storeId: string,
  snapshot: Reach,
  { route, path, extra = {} }: { readonly route: ContentRoute; readonly path: string; readonly extra?: Readonly<Record<string, string>> },
): string {
  const reach: Record<string, string> = snapshot.availability === 'live' ? {} : snapshot.availability === 'deleted' ? { deleted: '1' } : { hidden: '1' };
  const rest = new URLSearchParams({ ...extra, ...reach }).toString();
  return `/api/stores/${encodeURIComponent(storeId)}/snapshots/${snapshot.id}/${route}?path=${encodeURIComponent(path)}${rest === '' ? '' : `&${rest}`}`;
}
