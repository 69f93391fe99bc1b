import type { WasmModule } from '@wardrobe/kernel';
import type { PackfileId } from '@wardrobe/kloset-model';

/** What a thread that proves packfiles is started with. */
export type ProverStart = { readonly role: 'prove'; readonly module: WasmModule; readonly config: Uint8Array; readonly secret: Uint8Array | null };

/** `blobs`: every blob too. */
export type ProveRequest = { readonly id: number; readonly packfile: PackfileId; readonly path: string; readonly blobs: boolean };
/** `index`: the plain index of a packfile that is sound in itself; else null. `blobs`: how many were proven. */
export type ProveAnswer = { readonly id: number; readonly index: Uint8Array | null; readonly blobs: number };
