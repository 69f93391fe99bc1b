import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder } from '@wardrobe/testing';
import { describe, expect, it } from 'vitest';
import { parseEndpoint } from './endpoint.js';
import { readOptions } from './options.js';
import { type Hop, resolveRoute } from './route.js';

const CONFIG = `
Include conf.d/*.conf
Host nas
  HostName nas.example.org
  Port 2222
  User backup
  IdentityFile ~/.ssh/nas_%r
  IdentityFile /keys/second
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile ~/.ssh/own "/etc/other"
  HostKeyAlias storage
Host inner
  HostName 10.0.0.5
  ProxyJump gate:2200,me@[::1]:23
Host gate
  ProxyJump outer
Host command
  ProxyCommand nc %h %p
Host *.example.net !bad.example.net
  User wild
Match host 10.0.0.5
  User matched
Match exec "touch RAN"
  User executed
Host *
  StrictHostKeyChecking accept-new
  Port 22
`;

async function home(): Promise<string> {
  const folder = await temporaryFolder('config');
  await mkdir(join(folder, '.ssh', 'conf.d'), { recursive: true });
  await writeFile(join(folder, '.ssh', 'config'), CONFIG.replace('RAN', join(folder, 'ran')));
  await writeFile(join(folder, '.ssh', 'conf.d', 'a.conf'), 'Host included\n  HostName from.include\n  User inc\n');
  return folder;
}

async function route(folder: string, text: string, options: Readonly<Record<string, string>> = {}, mayRunPrograms = false): Promise<readonly Hop[]> {
  const read = readOptions({ ssh_config: join(folder, '.ssh', 'config'), ...options });
  const endpoint = parseEndpoint({ scheme: 'sftp', rest: `${text}/x` }, read);
  return await resolveRoute({ endpoint, options: read, host: { environment: { USER: 'local' }, home: folder, temporaryFolder: folder, mayRunPrograms } });
}

describe('the SSH configuration', () => {
  it('gives host, port, user, keys and known hosts', async () => {
    const folder = await home();
    const [hop] = await route(folder, 'nas');
    expect(hop).toMatchObject({ alias: 'nas', host: 'nas.example.org', port: 2222, username: 'backup', identitiesOnly: true, agentSocket: undefined });
    expect(hop?.identities.map(({ path }) => path)).toEqual([join(folder, '.ssh', 'nas_backup'), '/keys/second']);
    expect(hop?.trust).toMatchObject({
      userFiles: [join(folder, '.ssh', 'own'), '/etc/other'],
      hostKeyAlias: 'storage',
      acceptNew: true,
      ignoreHostKey: false,
    });
  });

  it('yields to the location and the options', async () => {
    const folder = await home();
    const [hop] = await route(folder, 'me@nas:99', { identity: '~/k', known_hosts: '/k/known', ssh_auth_sock: '/a.sock' });
    expect(hop).toMatchObject({ port: 99, username: 'me', agentSocket: '/a.sock', identities: [{ path: join(folder, 'k'), explicit: true }, {}, {}] });
    expect(hop?.trust).toMatchObject({ userFiles: ['/k/known'], globalFiles: [] });
  });

  it('leads through jump hosts, which may have jump hosts of their own', async () => {
    const folder = await home();
    const hops = await route(folder, 'inner', { password: 'p', identity: '/k', insecure_ignore_host_key: 'true' });
    expect(hops.map(({ username, host, port }) => `${username}@${host}:${port}`)).toEqual([
      'local@outer:22',
      'local@gate:2200',
      'me@::1:23',
      'matched@10.0.0.5:22',
    ]);
    expect(hops.map(({ secrets }) => secrets.password)).toEqual([undefined, undefined, undefined, 'p']);
    expect(hops.map(({ trust }) => trust.ignoreHostKey)).toEqual([false, false, false, true]);
    expect((await route(folder, 'plain', { jump: 'a,b@c:5' })).map(({ username, host, port }) => `${username}@${host}:${port}`)).toEqual([
      'local@a:22',
      'b@c:5',
      'local@plain:22',
    ]);
  });

  it('includes files, matches patterns, and runs nothing', async () => {
    const folder = await home();
    expect(await route(folder, 'included')).toMatchObject([{ host: 'from.include', username: 'inc' }]);
    expect(await route(folder, 'good.example.net')).toMatchObject([{ username: 'wild' }]);
    expect(await route(folder, 'bad.example.net')).toMatchObject([{ username: 'local' }]);
    expect(spawnSync('ls', [join(folder, 'ran')]).status).not.toBe(0);
  });

  it('that needs what is not supported, or loops, is refused with a sentence', async () => {
    const folder = await home();
    await expect(route(folder, 'command')).rejects.toThrow('no programs are run here');
    await expect(route(folder, 'gate', { jump: 'command' })).rejects.toThrow('no programs are run here');
    await writeFile(join(folder, '.ssh', 'config'), 'Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n');
    await expect(route(folder, 'a')).rejects.toThrow('more than 8 hosts');
    await writeFile(join(folder, '.ssh', 'config'), 'Include config\n');
    await expect(route(folder, 'a')).rejects.toThrow('includes more than');
    await expect(route(folder, 'a', { ssh_config: 'none', jump: 'x:secretword@y' })).rejects.toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secretword') }),
    );
  });

  it('names a program that makes the line, for the first host only', async () => {
    const folder = await home();
    expect((await route(folder, 'me@command:99', {}, true)).map(({ proxyCommand }) => proxyCommand)).toEqual(['nc command 99']);
    expect((await route(folder, 'gate', { jump: 'command' }, true)).map(({ proxyCommand }) => proxyCommand)).toEqual(['nc command 22', undefined]);
    expect((await route(folder, 'command', { jump: 'other' }, true)).map(({ proxyCommand }) => proxyCommand)).toEqual([undefined, undefined]);
    expect((await route(folder, 'command', { jump: 'none' }, true)).map(({ proxyCommand }) => proxyCommand)).toEqual([undefined]);
    await writeFile(join(folder, '.ssh', 'config'), 'Host *\n  ProxyCommand nc %h %p\n');
    for (const odd of ['a;id', 'a`id`', 'a$(id)', '$(id)@a', '-x@a', "a'b", 'a|b', 'a&b'])
      await expect(route(folder, odd, {}, true), odd).rejects.toThrow('must not be given a name');
    await writeFile(join(folder, '.ssh', 'config'), 'Host both\n  ProxyCommand nc %h %p\n  ProxyJump gate\n');
    await expect(route(folder, 'both', {}, true)).rejects.toThrow('by a ProxyJump as well');
  });

  it('without a file, the location alone counts', async () => {
    const folder = await temporaryFolder('config');
    expect(await route(folder, 'nas', { ssh_config: 'none' })).toMatchObject([{ host: 'nas', port: 22, username: 'local' }]);
  });
});
