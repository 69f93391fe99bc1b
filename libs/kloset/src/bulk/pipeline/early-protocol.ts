import type { WasmModule } from '@wardrobe/kernel';

/** What a thread is started with that is told later what it is for. */
export type EarlyStart = { readonly role: 'early'; readonly module: WasmModule };

/** Its first message, when its program is loaded. It answers no question. */
export const EARLY_READY = { id: -1 } as const;
