/**
 * `Content-Disposition` for a name made of any bytes. A plain ASCII fall-back and the UTF-8 form; bad UTF-8 becomes U+FFFD,
 * control characters and path separators become `_`.
 * @source RFC 6266 4.3, RFC 8187 3.2
 */
export function contentDisposition(kind: 'inline' | 'attachment', name: string): string {
  const safe =
    name
      .replace(/[\p{Cc}\p{Cf}\u2028\u2029/\\]/gu, '_')
      .replace(/^\.+$/, '_')
      .slice(0, 200) || 'file';
  const ascii = safe.replace(/[^\x20-\x7e]/gu, '_').replace(/["\\%]/g, '_');
  if (ascii === safe) return `${kind}; filename="${ascii}"`;
  return `${kind}; filename="${ascii}"; filename*=UTF-8''${encode8187(safe)}`;
}

/** Percent-encodes everything but `attr-char` of RFC 8187. */
function encode8187(text: string): string {
  return encodeURIComponent(wellFormed(text)).replace(/['()*!]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Lone surrogates (a name cut in half) become U+FFFD. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
