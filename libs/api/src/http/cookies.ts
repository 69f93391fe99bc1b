/** Name of the session cookie. With https the `__Host-` prefix binds it to this host, to `/` and to https. */
export function cookieName(secure: boolean): string {
  return secure ? '__Host-wardrobe' : 'wardrobe';
}

export function sessionOfCookies(header: string | null | undefined, secure: boolean): string | null {
  const name = cookieName(secure);
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2);
    if (key === name && value !== undefined && /^[\w-]{20,200}$/.test(value)) return value;
  }
  return null;
}

const DAYS = 14;

/** SameSite=Lax: a link from a mail still opens the console signed in; changing requests are guarded by their Origin. */
export function sessionCookie(secret: string | null, secure: boolean): string {
  const value = `${cookieName(secure)}=${secret ?? ''}; Path=/; HttpOnly; SameSite=Lax; Max-Age=${secret === null ? 0 : DAYS * 86_400}`;
  return secure ? `${value}; Secure` : value;
}
