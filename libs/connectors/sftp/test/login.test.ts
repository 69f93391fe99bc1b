import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectorHost, WritableStore } from '@wardrobe/store-connector';
import { CONTRACT_CONTENT } from '@wardrobe/store-connector/contract';
import { removeFolder, temporaryFolder } from '@wardrobe/testing';
import ssh2, { type AuthContext } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { failureOf, openStore, writeContent } from './open-store.js';
import { homeWith, makeKey, type OpensshServer, opensshAvailable, opensshServer, sshAgent } from './openssh.js';
import { type OwnServer, ownServer } from './own-server.js';

const CONFIG = Buffer.from(CONTRACT_CONTENT.config);

/** Reads CONFIG and ends the line. */
async function configOf(store: WritableStore): Promise<Buffer> {
  try {
    return Buffer.from(await store.readConfig());
  } finally {
    await store.close();
  }
}

describe('passwords', () => {
  const hostKey = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).private;
  let [server, root] = [null as OwnServer | null, ''];
  let accepts = (_context: AuthContext): boolean | 'later' => false;
  beforeAll(async () => {
    root = await temporaryFolder('login');
    await writeContent(join(root, 'store'), CONTRACT_CONTENT);
    server = await ownServer({ folder: root, hostKey, accepts: (context) => accepts(context) });
  });
  afterAll(() => server?.close());
  const open = (options: Readonly<Record<string, string>>) =>
    openStore({ location: `sftp://me@127.0.0.1:${server?.port}/store`, home: root, options: { insecure_ignore_host_key: 'true', ...options } });

  it('log in', async () => {
    accepts = (context) => context.method === 'password' && context.username === 'me' && context.password === 'hunter2';
    expect(await configOf(open({ password: 'hunter2' }))).toEqual(CONFIG);
  });

  it('answer a server that asks for them', async () => {
    accepts = (context) => {
      if (context.method !== 'keyboard-interactive') return false;
      context.prompt([{ prompt: 'Password: ', echo: false }], (answers) => (answers[0] === 'hunter2' ? context.accept() : context.reject()));
      return 'later';
    };
    expect(await configOf(open({ password: 'hunter2' }))).toEqual(CONFIG);
  });

  it('that are wrong are refused with a sentence that does not hold them', async () => {
    accepts = () => false;
    const error = await failureOf(configOf(open({ password: 'hunter3' })));
    expect(error).toMatchObject({ code: 'store', fault: 'credentials', retryable: false });
    expect(error.message).toContain('refused the log-in: it was offered the password');
    expect(JSON.stringify([error, error.message, String(error.stack), String(error.cause)])).not.toContain('hunter3');
  });

  it('nothing to offer is said', async () => {
    accepts = () => false;
    expect((await failureOf(configOf(open({})))).message).toContain('nothing that it takes could be offered');
  });
});

describe('the line to the first host', () => {
  const hostKey = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).private;
  let [server, root] = [null as OwnServer | null, ''];
  beforeAll(async () => {
    root = await temporaryFolder('line');
    await mkdir(join(root, '.ssh'));
    await writeContent(join(root, 'store'), CONTRACT_CONTENT);
    server = await ownServer({ folder: root, hostKey, accepts: () => true });
  });
  afterAll(() => server?.close());
  const options = { insecure_ignore_host_key: 'true', password: 'any' };
  const open = (name: string, host: Partial<ConnectorHost>, more: Readonly<Record<string, string>> = {}) =>
    openStore({
      location: `sftp://me@${name}:${server?.port}/store`,
      home: root,
      options: { ...options, ...more },
      environment: { PATH: process.env['PATH'] },
      host,
    });
  const configure = (command: string) => writeFile(join(root, '.ssh', 'config'), `Host far\n  ProxyCommand ${command}\n`);

  it('runs through a ProxyCommand, which ends with it', async () => {
    await writeFile(
      join(root, 'through.mjs'),
      `import { connect } from 'node:net'; import { writeFileSync } from 'node:fs';
const [port, name] = process.argv.slice(2);
const line = connect(Number(port), '127.0.0.1');
process.stdin.pipe(line).pipe(process.stdout);
process.on('exit', () => writeFileSync(${JSON.stringify(join(root, 'ended'))}, name));`,
    );
    await configure(`${process.execPath} ${join(root, 'through.mjs')} %p %r@%h`);
    expect(await configOf(open('far', { mayRunPrograms: true }))).toEqual(CONFIG);
    await expect.poll(() => readFile(join(root, 'ended'), 'utf8').catch(() => ''), { timeout: 10_000 }).toBe('me@far');
  });

  it('that a ProxyCommand does not give is told with its last words, and what has no right to run is not run', async () => {
    await configure(`sh -c "echo no way through >&2; touch ${join(root, 'ran')}; exit 3"`);
    expect(await failureOf(configOf(open('far', {})))).toMatchObject({ code: 'invalid-input', message: expect.stringContaining('no programs are run here') });
    expect(await readdir(root)).not.toContain('ran');
    const error = await failureOf(configOf(open('far', { mayRunPrograms: true })));
    expect(error).toMatchObject({ code: 'store', fault: 'route', message: expect.stringContaining('ended with 3: no way through') });
    expect(await readdir(root)).toContain('ran');
  });

  it('goes to no address that is not allowed, be it named, jumped over, or given by the configuration', async () => {
    const asked: string[] = [];
    const allowsAddress = (address: string): boolean => {
      asked.push(address);
      return false;
    };
    await writeFile(join(root, '.ssh', 'config'), 'Host alias\n  HostName 127.0.0.1\n');
    const refused = expect.objectContaining({ code: 'store', fault: 'route', message: expect.stringContaining('is not connected to') });
    for (const [name, more] of [
      ['127.0.0.1', {}],
      ['localhost', {}],
      ['alias', {}],
      ['nowhere.invalid', { jump: 'localhost' }],
    ] as const) {
      asked.length = 0;
      expect(await failureOf(configOf(open(name, { allowsAddress }, more))), name).toEqual(refused);
      expect(asked.length, name).toBeGreaterThan(0);
    }
    expect(await configOf(open('localhost', { allowsAddress: (address) => asked.push(address) > 0 }))).toEqual(CONFIG);
  });
});

describe('servers that are not there', () => {
  it.each([
    ['sftp://me@no-such-host.invalid/store', 'name', 'its name'],
    ['sftp://me@127.0.0.1:1/store', 'route', 'nothing listens there'],
  ])('%s', async (location, fault, words) => {
    const home = await temporaryFolder('home');
    const error = await failureOf(configOf(openStore({ location, home })));
    expect(error).toMatchObject({ code: 'store', fault });
    expect(error.message).toContain(words);
  });
});

if (opensshAvailable()) {
  let server: OpensshServer;
  let second: OpensshServer;
  let path = '';
  beforeAll(async () => {
    [server, second] = await Promise.all([opensshServer(), opensshServer({ hostKey: 'rsa' })]);
    path = join(server.folder, 'store');
    await writeContent(path, CONTRACT_CONTENT);
  });
  afterAll(() => Promise.all([server.stop(), second.stop()]));

  const at = (port: number) => `sftp://${server.username}@127.0.0.1:${port}${path}`;
  const home = (...lines: string[]) => homeWith(lines);
  const attempt = async (options: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}) =>
    await configOf(openStore({ location: at(server.port), home: await home(server.knownHost), options, environment }));
  const authorize = (line: string) => appendFile(join(server.folder, 'authorized'), `${line}\n`);

  describe('keys', () => {
    it.each([
      ['ed25519', undefined, ''],
      ['ed25519', undefined, 'open sesame'],
      ['rsa', 'PEM', ''],
      ['rsa', 'PEM', 'open sesame'],
      ['rsa', 'PKCS8', 'open sesame'],
      ['ecdsa', 'PKCS8', ''],
      ['ecdsa', undefined, 'open sesame'],
    ] as const)('%s in the form %s with the passphrase %j', async (type, form, passphrase) => {
      const file = join(await temporaryFolder('key'), 'k');
      const key = await makeKey(file, { type, passphrase, ...(form === undefined ? {} : { form }) });
      await authorize(key.publicLine);
      const options = passphrase === '' ? {} : { identity_passphrase: passphrase };
      expect(await attempt({ identity: file, ...options })).toEqual(CONFIG);
      expect(await attempt({ ssh_private_key: (await readFile(file, 'utf8')).trimEnd(), ...options })).toEqual(CONFIG);
      if (passphrase === '') return;
      expect((await failureOf(attempt({ identity: file }))).message).toContain("give the option 'identity_passphrase'");
      const wrong = await failureOf(attempt({ identity: file, identity_passphrase: 'wrong-secret' }));
      expect(wrong).toMatchObject({ fault: 'credentials' });
      expect(`${wrong.message}${wrong.stack}${String(wrong.cause)}`).not.toMatch(/wrong-secret|PRIVATE KEY/);
    });

    it('that the server does not know are refused by name', async () => {
      const { file } = await makeKey(join(await temporaryFolder('key'), 'k'));
      const error = await failureOf(attempt({ identity: file }));
      expect(error).toMatchObject({ code: 'store', fault: 'credentials' });
      expect(error.message).toContain(`it was offered ${file}`);
    });

    it('that are absent or none are refused by name', async () => {
      const folder = await temporaryFolder('key');
      await writeFile(join(folder, 'none'), 'not a key');
      expect(await failureOf(attempt({ identity: join(folder, 'absent') }))).toMatchObject({
        fault: 'credentials',
        message: expect.stringContaining('cannot be read'),
      });
      expect(await failureOf(attempt({ identity: join(folder, 'none') }))).toMatchObject({
        fault: 'credentials',
        message: expect.stringContaining('no private key'),
      });
    });

    it('of the standard names are found in the home folder', async () => {
      const folder = await home(server.knownHost);
      await makeKey(join(folder, '.ssh', 'id_ed25519')).then((key) => authorize(key.publicLine));
      expect(await configOf(openStore({ location: at(server.port), home: folder }))).toEqual(CONFIG);
    });
  });

  describe('the agent', () => {
    it('logs in with its keys, or with those only that the configuration names', async () => {
      const agent = await sshAgent();
      try {
        const folder = await home(server.knownHost);
        const mine = await makeKey(join(folder, '.ssh', 'mine'), { passphrase: '' });
        await authorize(mine.publicLine);
        await agent.add(mine.file);
        const other = await makeKey(join(folder, '.ssh', 'other'));
        await agent.add(other.file);
        const open = (environment: Readonly<Record<string, string>>, options = {}) =>
          configOf(openStore({ location: at(server.port), home: folder, environment, options }));
        expect(await open({ SSH_AUTH_SOCK: agent.socket })).toEqual(CONFIG);
        expect(await open({}, { ssh_auth_sock: agent.socket })).toEqual(CONFIG);
        await writeFile(join(folder, '.ssh', 'config'), 'IdentitiesOnly yes\nIdentityFile ~/.ssh/other\n');
        const error = await failureOf(open({ SSH_AUTH_SOCK: agent.socket }));
        expect(error).toMatchObject({ fault: 'credentials' });
        await removeFolder(mine.file);
        await writeFile(join(folder, '.ssh', 'config'), `IdentitiesOnly yes\nIdentityFile ~/.ssh/mine\nIdentityAgent ${agent.socket}\n`);
        expect(await open({})).toEqual(CONFIG);
      } finally {
        agent.stop();
      }
    });

    it('that is not there is named, and the keys are tried', async () => {
      const gone = { SSH_AUTH_SOCK: join(await temporaryFolder('agent'), 'gone') };
      expect(await attempt({ identity: server.key.file }, gone)).toEqual(CONFIG);
      expect((await failureOf(attempt({}, gone))).message).toContain('the agent, which could not be asked');
    });
  });

  describe('host keys', () => {
    const known = async (...lines: string[]) =>
      configOf(openStore({ location: at(server.port), home: await home(...lines), options: { identity: server.key.file } }));

    it('of a host that is not known are refused with the line to add, and that line lets in', async () => {
      const error = await failureOf(known());
      expect(error).toMatchObject({ code: 'store', fault: 'trust', retryable: false });
      expect(error.message).toMatch(/is not a known host.*SHA256:[A-Za-z0-9+/]{43}/);
      const line = error.message.slice(error.message.indexOf(': [127.0.0.1]') + 2);
      expect(await known(line)).toEqual(CONFIG);
    });

    it('that have changed are refused in stronger words', async () => {
      const other = await makeKey(join(await temporaryFolder('key'), 'k'));
      const error = await failureOf(known(`[127.0.0.1]:${server.port} ${other.publicLine}`));
      expect(error).toMatchObject({ code: 'store', fault: 'trust' });
      expect(error.message).toMatch(/REFUSED: the key of .* HAS CHANGED.*known_hosts:1/);
    });

    it('that are revoked are refused even where any server is trusted', async () => {
      const options = { identity: server.key.file, insecure_ignore_host_key: 'true' };
      const store = openStore({
        location: at(server.port),
        home: await home(`@revoked * ${server.knownHost.slice(server.knownHost.indexOf(' ') + 1)}`),
        options,
      });
      expect(await failureOf(configOf(store))).toMatchObject({ fault: 'trust', message: expect.stringContaining('revoked') });
    });

    it('known through an authority only are refused with a plain sentence', async () => {
      const other = await makeKey(join(await temporaryFolder('key'), 'k'));
      expect((await failureOf(known(`@cert-authority * ${other.publicLine}`))).message).toContain('certificates of hosts are not supported');
    });

    it('are asked for in the kind that is known', async () => {
      const extra = await makeKey(join(server.folder, 'extra'), { type: 'rsa' });
      const both = await opensshServer({ settings: [`HostKey ${extra.file}`] });
      try {
        const store = openStore({
          location: `sftp://${server.username}@127.0.0.1:${both.port}${path}`,
          home: await home(`[127.0.0.1]:${both.port} ${extra.publicLine}`),
          options: { identity: both.key.file },
        });
        expect(await configOf(store)).toEqual(CONFIG);
      } finally {
        await both.stop();
      }
    });

    it('of new hosts are noted where the configuration accepts them, and hold from then on', async () => {
      const folder = await home();
      await writeFile(join(folder, '.ssh', 'config'), 'StrictHostKeyChecking accept-new\n');
      const options = { identity: server.key.file };
      expect(await configOf(openStore({ location: at(server.port), home: folder, options }))).toEqual(CONFIG);
      expect(await readFile(join(folder, '.ssh', 'known_hosts'), 'utf8')).toContain(server.knownHost.split(' ').slice(0, 3).join(' '));
      await writeFile(join(folder, '.ssh', 'config'), '');
      expect(await configOf(openStore({ location: at(server.port), home: folder, options }))).toEqual(CONFIG);
    });
  });

  describe('jump hosts', () => {
    it('are gone through in order, each with its own host key', async () => {
      const folder = await home(server.knownHost, second.knownHost);
      await writeFile(
        join(folder, '.ssh', 'config'),
        `Host second\n  HostName 127.0.0.1\n  Port ${second.port}\n  User ${second.username}\n  IdentityFile ${second.key.file}\n`,
      );
      const options = { identity: server.key.file };
      expect(await configOf(openStore({ location: at(server.port), home: folder, options: { ...options, jump: 'second' } }))).toEqual(CONFIG);
      expect(await configOf(openStore({ location: at(server.port), home: folder, options: { ...options, jump: 'second,second' } }))).toEqual(CONFIG);
      await writeFile(join(folder, '.ssh', 'known_hosts'), `${server.knownHost}\n`);
      const error = await failureOf(configOf(openStore({ location: at(server.port), home: folder, options: { ...options, jump: 'second' } })));
      expect(error).toMatchObject({ fault: 'trust', message: expect.stringContaining(String(second.port)) });
    });

    it('behind which nothing is there say so', async () => {
      const folder = await home(second.knownHost);
      const jump = `${second.username}@127.0.0.1:${second.port}`;
      await writeFile(join(folder, '.ssh', 'config'), `IdentityFile ${second.key.file}\n`);
      const error = await failureOf(configOf(openStore({ location: `sftp://me@127.0.0.1:1${path}`, home: folder, options: { jump } })));
      expect(error).toMatchObject({ code: 'store', fault: 'route', message: expect.stringContaining('cannot be reached through') });
    });
  });

  it('a user without SFTP is told so', async () => {
    const bare = await opensshServer({ settings: ['ForceCommand exit 7'] });
    try {
      const options = { identity: bare.key.file };
      const error = await failureOf(configOf(openStore({ location: at(bare.port), home: await home(bare.knownHost), options })));
      expect(error).toMatchObject({ code: 'store', fault: 'server', message: expect.stringContaining('offers no SFTP') });
    } finally {
      await bare.stop();
    }
  });
}
