export const ZONE_COOKIE = 'wardrobe-zone';

/** The cookie lets the server write times in the reader's zone: no jump after the first paint. */
export function keepZone(text: string): void {
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser we support
  document.cookie = `${ZONE_COOKIE}=${encodeURIComponent(text)}; path=/; max-age=31536000; samesite=lax`;
}
