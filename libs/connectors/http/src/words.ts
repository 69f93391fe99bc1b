import type { ResourceKind } from '@wardrobe/store-connector';

/** Names of the kinds in paths. */
export const FOLDER: Readonly<Record<ResourceKind, 'packfiles' | 'states' | 'locks'>> = { packfile: 'packfiles', state: 'states', lock: 'locks' };

/** How the refusal of a server that only reads begins. */
export const READ_ONLY_TEXT = 'this server is read-only';
/** How plakar's servers and ours refuse deletes. @source 04-remote-stores 5.2 */
export const NO_DELETE_TEXT = 'not allowed to delete';

/** What our client asks our server for beside what plakar's programs know: listings with sizes. Others pass over it. */
export const ITEMS_TYPE = 'application/vnd.wardrobe.items+json';

/** What a packfile may have. */
export const MAX_ITEM_BYTES = 2 ** 40;
