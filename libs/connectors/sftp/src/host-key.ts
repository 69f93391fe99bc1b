import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PermissionError, StoreError } from '@wardrobe/store-connector';
import { fingerprint, type HostKeyVerdict, hostKeyType, judgeHostKey, type KnownHost, knownHostName, knownTypes, parseKnownHosts } from './known-hosts.js';
import type { Hop } from './route.js';

/** Judges the keys that one host shows. `refusal` holds what the last judgement said against it. */
export type HostKeyCheck = {
  /** Algorithms for the key exchange, those of known keys first; undefined when no key of the host is known. */
  readonly algorithms: readonly string[] | undefined;
  accepts(key: Uint8Array): boolean;
  readonly refusal: StoreError | null;
  /** Notes a new host where the configuration says so; to be called once it is logged in. */
  remember(): Promise<void>;
};

const ALGORITHMS = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'];
const RSA = ['rsa-sha2-512', 'rsa-sha2-256', 'ssh-rsa'];

/** @throws PermissionError a file of known hosts cannot be read */
export async function hostKeyCheck(hop: Hop): Promise<HostKeyCheck> {
  const { trust } = hop;
  const known: KnownHost[] = [];
  for (const file of [...trust.userFiles, ...trust.globalFiles]) known.push(...parseKnownHosts(await textOf(file), file));
  const name = trust.hostKeyAlias ?? knownHostName(hop.host, hop.port);
  let refusal: StoreError | null = null;
  let newKey: Uint8Array | null = null;
  return {
    algorithms: algorithmsFor(knownTypes(known, name)),
    accepts(key) {
      const judged = judgeHostKey(known, name, key);
      refusal = null;
      if (judged.verdict === 'known') return true;
      if (judged.verdict !== 'revoked' && trust.ignoreHostKey) return true;
      if (judged.verdict === 'unknown' && trust.acceptNew && trust.userFiles.length > 0) {
        newKey = key.slice();
        return true;
      }
      refusal = new StoreError(refusalSentence(judged, { hop, name, key }), { fault: 'trust' });
      return false;
    },
    get refusal() {
      return refusal;
    },
    async remember() {
      const file = trust.userFiles[0];
      if (newKey === null || file === undefined) return;
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      await appendFile(file, `${lineFor(name, newKey)}\n`, { mode: 0o600 });
      newKey = null;
    },
  };
}

function algorithmsFor(types: readonly string[]): readonly string[] | undefined {
  const first = types.flatMap((type) => (type === 'ssh-rsa' ? RSA : [type])).filter((type) => ALGORITHMS.includes(type));
  return first.length === 0 ? undefined : [...first, ...ALGORITHMS.filter((type) => !first.includes(type))];
}

function lineFor(name: string, key: Uint8Array): string {
  return `${name} ${hostKeyType(key)} ${Buffer.from(key).toString('base64')}`;
}

function refusalSentence(judged: HostKeyVerdict, { hop, name, key }: { readonly hop: Hop; readonly name: string; readonly key: Uint8Array }): string {
  const shown = `${hostKeyType(key)} key with the fingerprint ${fingerprint(key)}`;
  const add = `add this line to ${hop.trust.userFiles[0] ?? 'a file of known hosts'}: ${lineFor(name, key)}`;
  switch (judged.verdict) {
    case 'revoked':
      return `REFUSED: ${name} shows a ${shown}, and ${judged.where} says that this key is revoked. Do not trust this server: whoever has the key can pose as it.`;
    case 'changed':
      return `REFUSED: the key of ${name} HAS CHANGED. It shows a ${shown}, but ${judged.where} holds another one. Someone may be posing as this server, or it was set up anew: ask whoever runs it for its fingerprint. Only if that is the same, remove the line ${judged.where} and ${add}`;
    case 'other-type':
      return `REFUSED: ${name} shows a ${shown}, but is known by a key of another kind (${judged.where}). Someone may be posing as this server: ask whoever runs it for its fingerprint. Only if that is the same, ${add}`;
    case 'authority-only':
      return `${name} is trusted through a certificate authority (${judged.where}), and certificates of hosts are not supported. It shows a ${shown}. If that is its key, ${add}`;
    default:
      return `${name} is not a known host. It shows a ${shown}. Ask whoever runs it for its fingerprint; if that is the same, ${add}`;
  }
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw new PermissionError(`the known hosts in ${file} cannot be read`, { cause: error });
  }
}
