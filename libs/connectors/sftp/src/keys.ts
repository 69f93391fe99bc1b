import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { StoreError } from '@wardrobe/store-connector';
import type * as Ssh2 from 'ssh2';
import type { Hop } from './route.js';
import type { SshClient } from './ssh-client.js';

/** A way to log in. `what` is for messages: a file or a kind, never a secret. */
export type Credential = { readonly what: string; readonly method: Ssh2.AnyAuthMethod };

/** `passedOver`: keys that were found and could not be used, with the reason, for the sentence of a refusal. */
export type Credentials = { readonly credentials: readonly Credential[]; readonly passedOver: readonly string[] };

/**
 * Ways to log in to a host in the order in which they are tried: keys named for the store, the agent, keys of the configuration, password.
 * @throws StoreError (`credentials`) a key that was named for the store cannot be used
 */
export async function credentialsFor(ssh: SshClient, hop: Hop): Promise<Credentials> {
  const { username, secrets } = hop;
  const passedOver: string[] = [];
  const named: Credential[] = [];
  const found: Credential[] = [];
  const publicKeys: Buffer[] = [];
  if (secrets.privateKey !== undefined) {
    const key = parsePrivateKey(ssh, Buffer.from(withLineEnd(secrets.privateKey)), secrets.passphrase);
    if (typeof key === 'string') throw new StoreError(`the key of the option 'ssh_private_key' cannot be used: ${key}`, { fault: 'credentials' });
    named.push({ what: "the key of the option 'ssh_private_key'", method: { type: 'publickey', username, key } });
  }
  for (const { path, explicit } of hop.identities) {
    const bytes = await keyFile(path, explicit);
    publicKeys.push(...(await publicKeyBeside(ssh, path)));
    if (bytes === null) continue;
    const key = parsePrivateKey(ssh, bytes, secrets.passphrase);
    if (typeof key !== 'string') {
      publicKeys.push(key.getPublicSSH());
      (explicit ? named : found).push({ what: path, method: { type: 'publickey', username, key } });
    } else if (explicit && hop.agentSocket === undefined) throw new StoreError(`the key ${path} cannot be used: ${key}`, { fault: 'credentials' });
    else passedOver.push(`${path} (${key})`);
  }
  const agent: Credential[] =
    hop.agentSocket === undefined
      ? []
      : [{ what: 'the agent', method: { type: 'agent', username, agent: agentOf(ssh, hop.agentSocket, hop.identitiesOnly ? publicKeys : null) } }];
  return { credentials: [...named, ...agent, ...found, ...passwordWays(hop)], passedOver };
}

/** A question whose answer would be shown is none for a password: it gets an empty answer. */
function passwordWays({ username, secrets }: Hop): readonly Credential[] {
  const { password } = secrets;
  if (password === undefined) return [];
  return [
    { what: 'the password', method: { type: 'password', username, password } },
    {
      what: 'the password, when asked for it',
      method: {
        type: 'keyboard-interactive',
        username,
        prompt: (...[, , , prompts, finish]) => finish(prompts.map(({ echo }) => (echo === true ? '' : password))),
      },
    },
  ];
}

/** An agent whose keys are all offered, or only those in `only`. */
function agentOf(ssh: SshClient, socket: string, only: readonly Buffer[] | null): Ssh2.BaseAgent {
  const agent = ssh.createAgent(socket);
  if (only === null) return agent;
  const all = agent.getIdentities.bind(agent);
  agent.getIdentities = (answer) =>
    all((error, keys) => {
      if (error || keys === undefined) answer(error ?? new Error('the agent gave no keys'));
      else
        answer(
          undefined,
          keys.filter((key) => only.some((wanted) => wanted.equals(publicBytes(ssh, key)))),
        );
    });
  return agent;
}

function publicBytes(ssh: SshClient, key: Ssh2.ParsedKey | Buffer | string | Ssh2.PublicKeyEntry): Buffer {
  const raw = typeof key === 'object' && 'pubKey' in key ? key.pubKey : key;
  if (typeof raw === 'object' && 'getPublicSSH' in raw) return raw.getPublicSSH();
  const parsed = typeof raw === 'object' && 'pubKey' in raw ? new Error('a key in another form') : ssh.parseKey(raw);
  return parsed instanceof Error ? Buffer.alloc(0) : (Array.isArray(parsed) ? (parsed[0] as Ssh2.ParsedKey) : parsed).getPublicSSH();
}

/** Null when it is not there, unless it was named for the store. */
async function keyFile(path: string, explicit: boolean): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (!explicit) return null;
    throw new StoreError(`the key file ${path} cannot be read`, { cause, fault: 'credentials' });
  }
}

/** Says which of an agent's keys is meant when the private key itself is not here, or is locked. */
async function publicKeyBeside(ssh: SshClient, path: string): Promise<readonly Buffer[]> {
  const bytes = await keyFile(`${path}.pub`, false);
  if (bytes === null) return [];
  const parsed = ssh.parseKey(bytes);
  return parsed instanceof Error ? [] : [(Array.isArray(parsed) ? (parsed[0] as Ssh2.ParsedKey) : parsed).getPublicSSH()];
}

/** The key, or why it is none. OpenSSH, PEM and PuTTY forms; PKCS #8 for RSA and ECDSA. */
function parsePrivateKey(ssh: SshClient, bytes: Buffer, passphrase: string | undefined): Ssh2.ParsedKey | string {
  const pem = asTraditionalPem(bytes, passphrase);
  if (typeof pem === 'string' && !pem.startsWith('-----')) return pem;
  const parsed = pem === null ? ssh.parseKey(bytes, passphrase) : ssh.parseKey(pem);
  const key = Array.isArray(parsed) ? (parsed[0] as Ssh2.ParsedKey | undefined) : parsed;
  if (key instanceof Error) {
    if (/no passphrase given/i.test(key.message)) return "it is encrypted: give the option 'identity_passphrase', or load it into an agent";
    return passphrase === undefined
      ? 'it is no private key in a form that is known'
      : 'the passphrase does not open it, or it is no private key in a form that is known';
  }
  return key === undefined || !key.isPrivateKey() ? 'it is a public key' : key;
}

/** A PKCS #8 key in the older PEM form; null when the bytes are no such key; else why it cannot be had. */
function asTraditionalPem(bytes: Buffer, passphrase: string | undefined): string | null {
  const head = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/.exec(bytes.toString('latin1'));
  if (head === null) return null;
  if (head[1] !== undefined && passphrase === undefined) return "it is encrypted: give the option 'identity_passphrase', or load it into an agent";
  try {
    const key = createPrivateKey(passphrase === undefined ? { key: bytes, format: 'pem' } : { key: bytes, format: 'pem', passphrase });
    if (key.asymmetricKeyType === 'rsa') return String(key.export({ type: 'pkcs1', format: 'pem' }));
    if (key.asymmetricKeyType === 'ec') return String(key.export({ type: 'sec1', format: 'pem' }));
    return "it is in PKCS #8 form, which is read for RSA and ECDSA only: 'ssh-keygen -p -f FILE' brings it into OpenSSH's form";
  } catch (error) {
    if (error instanceof Error) return passphrase === undefined ? 'it is damaged' : 'the passphrase does not open it, or it is damaged';
    throw error;
  }
}

function withLineEnd(text: string): string {
  return text.endsWith('\n') ? text : `${text}\n`;
}
