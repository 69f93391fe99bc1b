import 'server-only';
import { requestCaller } from '@/trpc/server';

/** Name of a store for titles; null when it cannot be had (the page itself says why). */
export async function storeName(storeId: string): Promise<string | null> {
  const caller = await requestCaller();
  const store = await caller?.stores.get({ storeId }).catch(() => null);
  return store?.name ?? null;
}
