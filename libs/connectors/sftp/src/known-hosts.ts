import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** One line of a known_hosts file. `hosts` as written there: patterns, or a hash of one name. */
export type KnownHost = {
  readonly marker: 'revoked' | 'cert-authority' | null;
  readonly hosts: string;
  readonly type: string;
  /** Base64. */
  readonly key: string;
  /** `file:line`, for messages. */
  readonly where: string;
};

/** What the files say of a key that a host shows. `where` names the line that decided. */
export type HostKeyVerdict =
  | { readonly verdict: 'known' | 'revoked' | 'changed' | 'other-type' | 'authority-only'; readonly where: string }
  | { readonly verdict: 'unknown' };

/** Lines that cannot be read are passed over, as OpenSSH does. @source sshd(8), SSH_KNOWN_HOSTS FILE FORMAT */
export function parseKnownHosts(text: string, file: string): readonly KnownHost[] {
  const found: KnownHost[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const words = line.trim().split(/[ \t]+/);
    const marked = words[0]?.startsWith('@') === true ? words.shift() : undefined;
    const marker = marked === undefined ? null : marked === '@revoked' ? 'revoked' : marked === '@cert-authority' ? 'cert-authority' : undefined;
    const [hosts, type, key] = words;
    if (marker === undefined || hosts === undefined || hosts === '' || hosts.startsWith('#') || type === undefined || key === undefined) continue;
    found.push({ marker, hosts, type, key, where: `${file}:${index + 1}` });
  }
  return found;
}

/** The name under which a host stands in known_hosts. */
export function knownHostName(host: string, port: number): string {
  return port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
}

/** @param name as `knownHostName` gives it, or an alias */
export function judgeHostKey(known: readonly KnownHost[], name: string, key: Uint8Array): HostKeyVerdict {
  const shown = Buffer.from(key).toString('base64');
  const of = known.filter((entry) => matchesHost(entry.hosts, name));
  const revoked = of.find((entry) => entry.marker === 'revoked' && entry.key === shown);
  if (revoked !== undefined) return { verdict: 'revoked', where: revoked.where };
  const plain = of.filter((entry) => entry.marker === null);
  const same = plain.find((entry) => entry.key === shown);
  if (same !== undefined) return { verdict: 'known', where: same.where };
  const type = hostKeyType(key);
  const other = plain.find((entry) => entry.type === type) ?? plain[0];
  if (other !== undefined) return { verdict: other.type === type ? 'changed' : 'other-type', where: other.where };
  const authority = of.find((entry) => entry.marker === 'cert-authority');
  return authority === undefined ? { verdict: 'unknown' } : { verdict: 'authority-only', where: authority.where };
}

/** Types of the keys known for a host, so that it is asked to show one of these. */
export function knownTypes(known: readonly KnownHost[], name: string): readonly string[] {
  return [...new Set(known.filter((entry) => entry.marker === null && matchesHost(entry.hosts, name)).map((entry) => entry.type))];
}

/** `SHA256:` and the digest as OpenSSH prints it. */
export function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** First field of a public key in SSH's form; an empty text when it is none. */
export function hostKeyType(key: Uint8Array): string {
  const bytes = Buffer.from(key);
  if (bytes.length < 4) return '';
  const length = bytes.readUInt32BE(0);
  return length > 64 || length + 4 > bytes.length ? '' : bytes.toString('latin1', 4, 4 + length);
}

function matchesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  let matched = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) matched = true;
  }
  return matched;
}

/** `|1|salt|HMAC-SHA1(salt, name)`, both in base64. */
function matchesHash(hosts: string, name: string): boolean {
  const [, scheme, salt, hash] = hosts.split('|');
  if (scheme !== '1' || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  const made = createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest();
  return expected.length === made.length && timingSafeEqual(expected, made);
}

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
