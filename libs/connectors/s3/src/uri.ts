export type Query = Readonly<Record<string, string | readonly string[] | null>>;

/** Everything but unreserved characters, as a signature wants it. @source RFC 3986 2.3 */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Sorted by name, in the form that is signed; without a question mark. */
export function queryText(query: Query | undefined): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query ?? {}).sort(([one], [other]) => (one < other ? -1 : 1))) {
    if (value === null) parts.push(encodeUri(name));
    else for (const one of Array.isArray(value) ? value : [value]) parts.push(`${encodeUri(name)}=${encodeUri(one)}`);
  }
  return parts.join('&');
}
