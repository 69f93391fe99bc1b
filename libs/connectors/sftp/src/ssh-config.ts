import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { InvalidInputError, PermissionError } from '@wardrobe/store-connector';
import type SSHConfig from 'ssh-config';

/** What the SSH configuration says of one host; names and paths as written, before tokens are replaced. */
export type HostConfig = {
  readonly hostName: string | undefined;
  readonly port: string | undefined;
  readonly user: string | undefined;
  readonly identityFiles: readonly string[];
  readonly identitiesOnly: boolean;
  readonly identityAgent: string | undefined;
  readonly proxyJump: string | undefined;
  readonly proxyCommand: string | undefined;
  readonly userKnownHostsFiles: readonly string[] | undefined;
  readonly globalKnownHostsFiles: readonly string[] | undefined;
  readonly strictHostKeyChecking: string | undefined;
  readonly hostKeyAlias: string | undefined;
};

/** Later files fill in what earlier ones leave open; one that is not there says nothing. */
export type SshConfigFiles = { readonly files: readonly string[]; readonly home: string };

type ConfigLine = SSHConfig[number];

const MAX_INCLUDES = 64;
/** A lookup of names by an outside program, and what such a program would change, is left out. */
const LEFT_OUT = /^(?:CanonicalizeHostName|CanonicalDomains)$/i;

/**
 * Reads the configuration files once and answers for any host. `Match exec` never runs a program and counts as not matching; host names are not
 * canonicalized.
 * @throws InvalidInputError a file that cannot be understood
 */
export async function readSshConfig({ files, home }: SshConfigFiles): Promise<(alias: string, user: string | undefined) => HostConfig> {
  const { default: SshConfig } = await import('ssh-config');
  const parse = (text: string) => SshConfig.parse(text);
  const configs: SSHConfig[] = [];
  for (const file of files) {
    const text = await textOf(file);
    if (text !== null) configs.push(await expanded({ file, text, home, parse, left: { includes: MAX_INCLUDES } }));
  }
  return (alias, user) => {
    const computed = configs.map((config) =>
      config.compute(user === undefined ? { Host: alias } : { Host: alias, User: user }, { ignoreCase: true, matchExec: false }),
    );
    const all = (name: string): readonly string[] => computed.flatMap((found) => textsOf(found[name]));
    const first = (name: string): string | undefined => all(name)[0];
    const list = (name: string): readonly string[] | undefined => {
      const value = computed.map((found) => found[name]).find((found) => found !== undefined);
      return value === undefined ? undefined : textsOf(value).flatMap((text) => text.split(/\s+/));
    };
    return {
      hostName: first('hostname'),
      port: first('port'),
      user: first('user'),
      identityFiles: all('identityfile'),
      identitiesOnly: first('identitiesonly')?.toLowerCase() === 'yes',
      identityAgent: first('identityagent'),
      proxyJump: first('proxyjump'),
      proxyCommand: first('proxycommand'),
      userKnownHostsFiles: list('userknownhostsfile'),
      globalKnownHostsFiles: list('globalknownhostsfile'),
      strictHostKeyChecking: first('stricthostkeychecking')?.toLowerCase(),
      hostKeyAlias: first('hostkeyalias'),
    };
  };
}

function textsOf(value: string | string[] | undefined): readonly string[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** Null when the file is not there. */
async function textOf(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new PermissionError(`the SSH configuration ${file} cannot be read`, { cause: error });
  }
}

type Expansion = {
  readonly file: string;
  readonly text: string;
  readonly home: string;
  readonly parse: (text: string) => SSHConfig;
  readonly left: { includes: number };
};

/** The file's lines with those of its `Include`s in their place. Sections of a file included inside of a section are left out. */
async function expanded(given: Expansion): Promise<SSHConfig> {
  let config: SSHConfig;
  try {
    config = given.parse(given.text);
  } catch (cause) {
    throw new InvalidInputError(`the SSH configuration ${given.file} cannot be understood`, { cause });
  }
  await expandLines(config, given);
  return config;
}

async function expandLines(config: SSHConfig, given: Expansion): Promise<void> {
  for (let at = 0; at < config.length; at += 1) {
    const line = config[at];
    if (line === undefined || !('param' in line)) continue;
    if ('config' in line) await expandLines(line.config as SSHConfig, given);
    else if (/^include$/i.test(line.param)) {
      const lines = await includedLines(line, given);
      config.splice(at, 1, ...lines);
      at += lines.length - 1;
    } else if (LEFT_OUT.test(line.param)) {
      config.splice(at, 1);
      at -= 1;
    }
  }
}

async function includedLines(line: ConfigLine, given: Expansion): Promise<readonly ConfigLine[]> {
  if (!('value' in line)) return [];
  const patterns = typeof line.value === 'string' ? line.value.split(/\s+/) : line.value.map(({ val }) => val);
  const lines: ConfigLine[] = [];
  for (const pattern of patterns) {
    for (const file of await filesOf(pattern, given.home)) {
      given.left.includes -= 1;
      if (given.left.includes < 0) throw new InvalidInputError(`the SSH configuration ${given.file} includes more than ${MAX_INCLUDES} files, or itself`);
      const text = await textOf(file);
      if (text !== null) lines.push(...(await expanded({ ...given, file, text })));
    }
  }
  return lines;
}

/** Patterns stand in the last part of the path only; relative ones lie in ~/.ssh. */
async function filesOf(pattern: string, home: string): Promise<readonly string[]> {
  const path = pattern.startsWith('~/') ? join(home, pattern.slice(2)) : isAbsolute(pattern) ? pattern : join(home, '.ssh', pattern);
  const name = basename(path);
  if (!/[*?]/.test(name)) return [path];
  const source = name
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  const names = await readdir(dirname(path)).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new PermissionError(`the folder ${dirname(path)} of the SSH configuration cannot be read`, { cause: error });
  });
  return names
    .filter((found) => new RegExp(`^${source}$`).test(found) && (!found.startsWith('.') || name.startsWith('.')))
    .sort()
    .map((found) => join(dirname(path), found));
}
