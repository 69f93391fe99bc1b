const HERE = 'http://console.invalid';

/** Where to go after sign-in: only paths of this console, never another host, as a browser would read the text. */
export function safeNext(next: string | null): string {
  if (next === null || !URL.canParse(next, HERE)) return '/';
  const url = new URL(next, HERE);
  const path = url.pathname + url.search + url.hash;
  return url.origin !== HERE || path.startsWith('//') ? '/' : path;
}
