import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { contractId as idOf } from '@wardrobe/store-connector/contract';
import {
  assertMoto,
  fullServer,
  httpFaultProxy,
  motoAvailable,
  type S3Server,
  startMoto,
  startS3Server,
  temporaryFolder,
  testCertificate,
} from '@wardrobe/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FAST, keysOf, openAt, RawBucket, signatureFor, signatureIn } from './s3-places.js';
import { START_TIMEOUT_MS } from './s3-servers.js';

const SECRET = 'hush-hush-secret';
const TOKEN = 'hush-hush-token';
let server: S3Server;

beforeAll(async () => {
  server = await startS3Server({ buckets: ['bucket'] });
  await new RawBucket(server, 'bucket').put('CONFIG', 'config');
});
afterAll(() => server.close());

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    for (const secret of [SECRET, TOKEN]) expect(inspect(error, { depth: 12, showHidden: true })).not.toContain(secret);
    return error;
  }
  throw new Error('it did not fail');
}

function xmlError(code: string, more = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${code} for ${SECRET}</Message>${more}<RequestId>1</RequestId></Error>`;
}

describe('what keeps a store from being reached is named', () => {
  const at = () => `s3://${server.host}:${server.port}/bucket`;

  it('a name without an address, a port without a listener, a line that is silent', async () => {
    const options = { access_key: 'a', secret_access_key: SECRET, use_tls: 'false' };
    expect(await failureOf(openAt('s3://no-such-host.invalid/bucket', { options, tuning: FAST }).readConfig())).toMatchObject({ code: 'store', fault: 'name' });
    expect(await failureOf(openAt('s3://127.0.0.1:9/bucket', { options, tuning: FAST }).readConfig())).toMatchObject({ code: 'store', fault: 'route' });
    const proxy = await httpFaultProxy(server);
    proxy.fault({ fault: { kind: 'stalled' }, times: Number.POSITIVE_INFINITY });
    const silent = openAt(`s3://127.0.0.1:${proxy.port}/bucket`, { options, tuning: { ...FAST, stallMs: 100, firstPatienceMs: 300 } });
    expect(await failureOf(silent.readConfig())).toMatchObject({ code: 'store', fault: 'timeout', retryable: true });
    await proxy.close();
  });

  it('keys that the server does not know, and no keys at all', async () => {
    const wrong = { access_key: 'nobody', secret_access_key: SECRET, use_tls: 'false' };
    expect(await failureOf(openAt(at(), { options: wrong }).readConfig())).toMatchObject({
      fault: 'credentials',
      message: expect.stringContaining('does not know'),
    });
    const none = openAt(at(), { options: { use_tls: 'false' } });
    expect(await failureOf(none.readConfig())).toMatchObject({ fault: 'credentials', message: expect.stringContaining('access_key') });
  });

  it.each([
    [400, 'ExpiredToken', `<Token-0>${TOKEN}</Token-0>`, { code: 'store', fault: 'credentials', message: expect.stringContaining('expired') }],
    [403, 'RequestTimeTooSkewed', '', { code: 'store', fault: 'credentials', message: expect.stringContaining('clock') }],
    [403, 'SignatureDoesNotMatch', '', { code: 'store', fault: 'credentials', message: expect.stringContaining('does not fit') }],
    [403, 'AccessDenied', '', { code: 'permission' }],
    [507, 'InsufficientStorage', '', { code: 'disk-full' }],
    [403, 'InvalidObjectState', '', { code: 'store', fault: 'archived' }],
    [301, 'PermanentRedirect', '', { code: 'store', fault: 'route' }],
    [503, 'SlowDown', '', { code: 'store', fault: 'throttled', retryable: true }],
    [500, 'InternalError', '', { code: 'store', fault: 'server', retryable: true }],
    [400, 'Odd', '', { code: 'store', message: expect.stringContaining('Odd for ***') }],
  ] as const)('HTTP %i %s', async (status, code, more, expected) => {
    const proxy = await httpFaultProxy(server);
    proxy.fault({ fault: { kind: 'answer', status, body: xmlError(code, more) }, times: Number.POSITIVE_INFINITY });
    const options = { access_key: 'a', secret_access_key: SECRET, session_token: TOKEN, use_tls: 'false' };
    const store = openAt(`s3://127.0.0.1:${proxy.port}/bucket`, { options, tuning: { ...FAST, patienceMs: 100 } });
    expect(await failureOf(store.readRange('state', idOf('1'), 0, 5))).toMatchObject(expected);
    await store.close();
    await proxy.close();
  });

  it('a certificate is checked, trusted through tls_ca, or waved through when that is confirmed', async () => {
    const certificate = testCertificate();
    const secure = await startS3Server({ buckets: ['bucket'], tls: certificate });
    const options = { access_key: secure.accessKey, secret_access_key: secure.secretKey };
    const location = `s3://localhost:${secure.port}/bucket/p`;
    expect(await failureOf(openAt(location, { options, tuning: FAST }).readConfig())).toMatchObject({
      fault: 'trust',
      message: expect.stringContaining('tls_ca'),
    });
    const plain = openAt(location, { options: { ...options, use_tls: 'false' }, tuning: FAST });
    expect(await failureOf(plain.readConfig())).toMatchObject({ code: 'store', fault: 'line' });
    const folder = await temporaryFolder('ca');
    await writeFile(join(folder, 'ca.pem'), certificate.cert);
    const trusting = openAt(location, { options: { ...options, tls_ca: join(folder, 'ca.pem'), sse_customer_key: Buffer.alloc(32, 1).toString('base64') } });
    await trusting.create(Buffer.from('over TLS'));
    expect(Buffer.from(await trusting.readConfig()).toString()).toBe('over TLS');
    const waved = openAt(location, { options: { ...options, tls_insecure_no_verify: 'true', tls_insecure_confirmed: 'true' } });
    expect(Buffer.from(await waved.readConfig()).toString()).toBe('over TLS');
    const absent = openAt(location, { options: { ...options, tls_ca: join(folder, 'absent.pem') } });
    await expect(absent.readConfig()).rejects.toMatchObject({ code: 'invalid-input', message: expect.stringContaining('tls_ca') });
    const misused = openAt(`s3://127.0.0.1:${server.port}/bucket`, { options, tuning: FAST });
    expect(await failureOf(misused.readConfig())).toMatchObject({ code: 'store', message: expect.stringContaining('use_tls') });
    for (const store of [plain, trusting, waved, absent, misused]) await store.close();
    await secure.close();
  });

  it('the region is learnt from the server that minds it', async () => {
    const proxy = await httpFaultProxy(server);
    const store = () => openAt(`s3://127.0.0.1:${proxy.port}/bucket`, { options: keysOf(server), tuning: FAST });
    const scopeOf = (at: number) => /Credential=[^/]+\/\d+\/([^/]+)/.exec(proxy.seen.at(at)?.headers.authorization ?? '')?.[1];
    proxy.fault({ fault: { kind: 'answer', status: 400, body: xmlError('AuthorizationHeaderMalformed', '<Region>garage</Region>') } });
    await failureOf(store().readConfig()).catch(() => undefined);
    expect([scopeOf(0), scopeOf(1)]).toEqual(['us-east-1', 'garage']);
    proxy.clear();
    proxy.fault({ fault: { kind: 'answer', status: 400, body: xmlError('AuthorizationHeaderMalformed') } });
    const location = '<?xml version="1.0"?><LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-north-1</LocationConstraint>';
    proxy.fault({ fault: { kind: 'answer', status: 200, body: location } });
    await failureOf(store().readConfig()).catch(() => undefined);
    expect([scopeOf(0), scopeOf(1), scopeOf(2)]).toEqual(['us-east-1', 'us-east-1', 'eu-north-1']);
    expect(proxy.seen[1]?.url).toContain('location');
    await proxy.close();
  });

  it('the region is learnt once for calls that are made at the same time', async () => {
    const proxy = await httpFaultProxy(server);
    const store = openAt(`s3://127.0.0.1:${proxy.port}/bucket`, { options: keysOf(server), tuning: FAST });
    const minds = { fault: { kind: 'answer', status: 400, body: xmlError('AuthorizationHeaderMalformed', '<Region>garage</Region>') } } as const;
    proxy.fault(minds);
    proxy.fault(minds);
    const id = idOf('ab');
    await Promise.allSettled([store.readConfig(), store.readRange('state', id, 0, 10)]);
    const scopes = proxy.seen.map(({ headers }) => /Credential=[^/]+\/\d+\/([^/]+)/.exec(headers.authorization ?? '')?.[1]);
    expect(scopes.filter((scope) => scope === 'us-east-1')).toHaveLength(2);
    expect(scopes.filter((scope) => scope === 'garage').length).toBeGreaterThanOrEqual(2);
    await store.close();
    await proxy.close();
  });
});

it('a customer key goes with writing, reading and looking, in all parts', async () => {
  const certificate = testCertificate();
  const seen: [string, unknown][] = [];
  const recorder = createSecureServer(certificate, (incoming, outgoing) => {
    incoming.resume();
    incoming.on('end', () => {
      const { 'x-amz-server-side-encryption-customer-algorithm': algorithm, 'x-amz-server-side-encryption-customer-key': key } = incoming.headers;
      seen.push([`${incoming.method} ${new URL(incoming.url ?? '', 'http://h').searchParams.has('uploads')}`, `${algorithm} ${key}`]);
      if (incoming.url?.includes('uploads') === true)
        return void outgoing.end('<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>');
      if (incoming.method === 'POST') return void outgoing.end('<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>');
      outgoing.setHeader('etag', '"e"');
      const body = incoming.method === 'PUT' ? '' : 'bytes';
      outgoing.setHeader('content-length', body.length);
      outgoing.end(body);
    });
  });
  await new Promise<void>((resolve) => recorder.listen(0, '127.0.0.1', resolve));
  const folder = await temporaryFolder('ca');
  await writeFile(join(folder, 'ca.pem'), certificate.cert);
  const key = Buffer.alloc(32, 9).toString('base64');
  const options = { access_key: 'a', secret_access_key: SECRET, tls_ca: join(folder, 'ca.pem'), sse_customer_key: key };
  const store = openAt(`s3://127.0.0.1:${(recorder.address() as AddressInfo).port}/bucket`, { options, tuning: { partBytes: 1000 } });
  await store.write('state', idOf('1'), new Uint8Array(10));
  await store.write('packfile', idOf('2'), new Uint8Array(1500));
  expect(Buffer.from(await store.readConfig()).toString()).toBe('bytes');
  expect(await store.sizeBytes('state', idOf('1'))).toBe(5);
  expect(seen.map(([request]) => request)).toEqual(['PUT false', 'POST true', 'PUT false', 'PUT false', 'POST false', 'GET false', 'HEAD false']);
  expect(new Set(seen.map(([, sent]) => sent))).toEqual(new Set([`AES256 ${key}`]));
  await store.close();
  recorder.close();
  recorder.closeAllConnections();
});

it('every request is signed as it goes over the line', async () => {
  const proxy = await httpFaultProxy(server);
  const keys = { access_key: server.accessKey, secret_access_key: SECRET, session_token: TOKEN, use_tls: 'false' };
  const store = openAt(`s3://127.0.0.1:${proxy.port}/bucket/odd '(*)!&=+~ ümlaut`, { options: keys });
  for await (const item of store.list('state')) expect(item).toBeNull();
  await store.write('state', idOf('1'), Uint8Array.of(1, 2, 3));
  await store.write('packfile', idOf('2'), new Uint8Array(300_000));
  expect((await store.readRange('state', idOf('1'), 1, 2)).length).toBe(2);
  await store.remove('state', idOf('1'));
  const large = openAt(`s3://127.0.0.1:${proxy.port}/bucket/parts`, { options: keys, tuning: { partBytes: 400_000 } });
  await large.write('packfile', idOf('3'), new Uint8Array(900_000));
  expect(proxy.seen.length).toBeGreaterThan(9);
  for (const request of proxy.seen) expect(signatureIn(request), `${request.method} ${request.url}`).toBe(signatureFor(request, SECRET));
  await proxy.close();
});

describe('where keys come from', () => {
  const at = () => `s3://${server.host}:${server.port}/bucket`;
  const options = { use_tls: 'false' };

  it('the environment that is handed in', async () => {
    const environment = { AWS_ACCESS_KEY_ID: server.accessKey, AWS_SECRET_ACCESS_KEY: server.secretKey };
    expect(Buffer.from(await openAt(at(), { options, host: { environment } }).readConfig()).toString()).toBe('config');
  });

  it('a profile, named by option or environment, or the default one', async () => {
    const home = await temporaryFolder('home');
    await mkdir(join(home, '.aws'));
    const keys = `aws_access_key_id = ${server.accessKey}\naws_secret_access_key = ${server.secretKey}\n`;
    await writeFile(join(home, '.aws', 'credentials'), `[default]\n${keys}[work]\n${keys}`);
    for (const [more, environment] of [
      [{ profile: 'work' }, {}],
      [{}, { AWS_PROFILE: 'work' }],
      [{}, {}],
    ] as const)
      expect(Buffer.from(await openAt(at(), { options: { ...options, ...more }, host: { environment, home } }).readConfig()).toString()).toBe('config');
    const absent = openAt(at(), { options: { ...options, profile: 'nobody' }, host: { home } });
    expect(await failureOf(absent.readConfig())).toMatchObject({ fault: 'credentials', message: expect.stringContaining("profile 'nobody'") });
  });

  it(
    'the web identity of the environment',
    async () => {
      assertMoto();
      if (!motoAvailable()) return;
      const moto = await startMoto();
      await new RawBucket(moto, 'bucket').make();
      await new RawBucket(moto, 'bucket').put('CONFIG', 'config');
      const folder = await temporaryFolder('token');
      await writeFile(join(folder, 'token'), 'web-token');
      const environment = {
        AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
        AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/backup',
        AWS_ENDPOINT_URL_STS: `http://${moto.host}:${moto.port}`,
      };
      const proxy = await httpFaultProxy(moto);
      const store = openAt(`s3://127.0.0.1:${proxy.port}/bucket`, { options, host: { environment } });
      expect(Buffer.from(await store.readConfig()).toString()).toBe('config');
      expect(proxy.seen[0]?.headers['x-amz-security-token']).toBeTruthy();
      await proxy.close();
      await moto.close();
    },
    START_TIMEOUT_MS,
  );

  it('the role of the machine, when it is asked for', async () => {
    const metadata = await metadataService();
    const previous = process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'];
    process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = `http://127.0.0.1:${(metadata.address() as AddressInfo).port}`;
    try {
      const store = openAt(at(), { options: { ...options, instance_role: 'true' } });
      expect(Buffer.from(await store.readConfig()).toString()).toBe('config');
    } finally {
      if (previous === undefined) delete process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'];
      else process.env['AWS_EC2_METADATA_SERVICE_ENDPOINT'] = previous;
      metadata.close();
      metadata.closeAllConnections();
    }
  });
});

describe('connections', () => {
  const options = () => keysOf(server);

  it('are made to allowed addresses only, each looked at as it is made', async () => {
    const asked: string[] = [];
    let allowed = true;
    const allowsAddress = (address: string): boolean => {
      asked.push(address);
      return allowed;
    };
    const store = openAt(`s3://localhost:${server.port}/bucket`, { options: options(), host: { allowsAddress } });
    expect(Buffer.from(await store.readConfig()).toString()).toBe('config');
    expect(asked).toContain('127.0.0.1');
    allowed = false;
    await store.close();
    expect(await failureOf(store.readConfig())).toMatchObject({ fault: 'route', message: expect.stringContaining('is not connected to') });
    const literal = openAt(`s3://127.0.0.1:${server.port}/bucket`, { options: options(), host: { allowsAddress } });
    expect(await failureOf(literal.readConfig())).toMatchObject({ fault: 'route', message: expect.stringContaining('127.0.0.1 is not connected to') });
  });

  it('to services that hand out keys are made to allowed addresses only, but for the agents of containers', async () => {
    const asked: string[] = [];
    const allowsAddress = (address: string): boolean => {
      asked.push(address);
      return false;
    };
    const home = await temporaryFolder('roles');
    await mkdir(join(home, '.aws'));
    await writeFile(join(home, '.aws', 'credentials'), `[base]\naws_access_key_id = a\naws_secret_access_key = ${SECRET}\n`);
    await writeFile(join(home, '.aws', 'config'), '[profile role]\nrole_arn = arn:aws:iam::123456789012:role/backup\nsource_profile = base\n');
    await writeFile(join(home, 'token'), TOKEN);
    let answered = 0;
    const service = createServer((_incoming, outgoing) => {
      answered += 1;
      outgoing.writeHead(500).end();
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
    const endpoint = (name: string): string => `http://${name}:${(service.address() as AddressInfo).port}`;
    const identity = { AWS_WEB_IDENTITY_TOKEN_FILE: join(home, 'token'), AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/backup' };
    const given: [options: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>>][] = [
      [{ profile: 'role' }, { AWS_ENDPOINT_URL_STS: endpoint('localhost') }],
      [{}, { ...identity, AWS_ENDPOINT_URL_STS: endpoint('127.0.0.1') }],
      [{ instance_role: 'true' }, { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${endpoint('localhost')}/role` }],
    ];
    for (const [more, environment] of given) {
      asked.length = 0;
      const store = openAt(`s3://localhost:${server.port}/bucket`, { options: { use_tls: 'false', ...more }, host: { allowsAddress, environment, home } });
      expect(await failureOf(store.readConfig())).toMatchObject({ fault: 'route', message: expect.stringContaining('is not connected to') });
      expect(asked.length, JSON.stringify(environment)).toBeGreaterThan(0);
    }
    expect(answered).toBe(0);
    service.close();
    asked.length = 0;
    const agent = { AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: '/role' };
    const store = openAt(`s3://localhost:${server.port}/bucket`, {
      options: { use_tls: 'false', instance_role: 'true' },
      host: { allowsAddress, environment: agent, connectMs: 300 },
      tuning: FAST,
    });
    await failureOf(store.readConfig());
    expect(asked).toEqual([]);
  });

  it('that are not there in the time allowed, with no patience, fail once', async () => {
    // A queue of one that is full: further connections are neither taken nor refused.
    const full = await fullServer();
    const started = performance.now();
    const store = openAt(`s3://127.0.0.1:${full.port}/bucket`, { options: options(), host: { connectMs: 700 }, tuning: { patienceMs: 0, firstPatienceMs: 0 } });
    expect(await failureOf(store.readConfig())).toMatchObject({ fault: 'timeout', message: expect.stringContaining('cannot be reached in time') });
    expect(store.line?.().requests).toBe(1);
    expect(performance.now() - started).toBeLessThan(10_000);
    await full.close();
  });
});

describe('the role of a container', () => {
  type Asked = { readonly url: string; readonly authorization: string | undefined };
  const asked: Asked[] = [];
  let service: Server;
  let answers = true;
  const port = () => (service.address() as AddressInfo).port;
  beforeAll(async () => {
    service = createServer((incoming, outgoing) => {
      asked.push({ url: incoming.url ?? '', authorization: incoming.headers.authorization });
      const expires = new Date(Date.now() + 3_600_000).toISOString();
      const keys = { AccessKeyId: server.accessKey, SecretAccessKey: server.secretKey, Token: 'session', Expiration: expires };
      outgoing.writeHead(answers ? 200 : 500).end(answers ? JSON.stringify(keys) : 'secretword');
    });
    await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => {
    service.close();
    service.closeAllConnections();
  });
  beforeEach(() => {
    asked.length = 0;
    answers = true;
  });
  const at = (proxy: { readonly port: number }) => `s3://127.0.0.1:${proxy.port}/bucket`;
  const options = { use_tls: 'false', instance_role: 'true' };
  const whole = () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port()}/role` });

  it('is asked for at the whole address, with the token of the environment or of a file, and its session is used', async () => {
    const proxy = await httpFaultProxy(server);
    const tokenFile = join(await temporaryFolder('token'), 'token');
    await writeFile(tokenFile, 'from a file');
    const full = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://127.0.0.1:${port()}/role?id=1` };
    for (const [environment, authorization] of [
      [full, undefined],
      [{ ...full, AWS_CONTAINER_AUTHORIZATION_TOKEN: 'given' }, 'given'],
      [{ ...full, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: tokenFile }, 'from a file'],
    ] as const) {
      asked.length = 0;
      const store = openAt(at(proxy), { options, host: { environment } });
      expect(Buffer.from(await store.readConfig()).toString()).toBe('config');
      await store.readConfig();
      await store.close();
      expect(asked).toEqual([{ url: '/role?id=1', authorization }]);
    }
    expect(proxy.seen.at(-1)?.headers['x-amz-security-token']).toBe('session');
    await proxy.close();
  });

  it.each<[string, () => Readonly<Record<string, string>>]>([
    [
      'asked for by a path goes to the address of containers, and nowhere else',
      () => ({ AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: `@127.0.0.1:${port()}/role` }),
    ],
    ['asked for over a line that anybody can read is refused', () => ({ AWS_CONTAINER_CREDENTIALS_FULL_URI: `http://0.0.0.0:${port()}/role` })],
    ['with a token file that is not there is refused', () => ({ ...whole(), AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: '/nonexistent/token' })],
  ])('%s', async (_what, environment) => {
    const store = openAt(`s3://${server.host}:${server.port}/bucket`, { options, host: { environment: environment() } });
    expect(await failureOf(store.readConfig())).toMatchObject({ fault: 'credentials', message: expect.stringContaining('the role of this container') });
    expect(asked).toEqual([]);
  });

  it('that is refused is told without what was said', async () => {
    answers = false;
    const store = openAt(`s3://${server.host}:${server.port}/bucket`, { options, host: { environment: whole() } });
    const error = await failureOf(store.readConfig());
    expect(error).toMatchObject({ fault: 'credentials', message: expect.stringContaining('the role of this container') });
    expect(asked.length).toBeGreaterThan(0);
    expect(inspect(error, { depth: 12, showHidden: true })).not.toContain('secretword');
  });

  it('is not asked for in the environment of the process, only in the one handed in', async () => {
    process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN'] = 'of the process';
    try {
      const store = openAt(`s3://${server.host}:${server.port}/bucket`, { options, host: { environment: whole() } });
      expect(Buffer.from(await store.readConfig()).toString()).toBe('config');
      expect(asked).toEqual([{ url: '/role', authorization: undefined }]);
    } finally {
      delete process.env['AWS_CONTAINER_AUTHORIZATION_TOKEN'];
    }
  });
});

/** As the one of cloud machines: a token, the name of a role, its keys. */
async function metadataService(): Promise<Server> {
  const service = createServer((incoming, outgoing) => {
    if (incoming.method === 'PUT') outgoing.end('token');
    else if (incoming.url?.endsWith('/security-credentials/') === true) outgoing.end('role');
    else {
      const expires = new Date(Date.now() + 3_600_000).toISOString();
      outgoing.end(JSON.stringify({ Code: 'Success', AccessKeyId: server.accessKey, SecretAccessKey: server.secretKey, Token: 'token', Expiration: expires }));
    }
  });
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  return service;
}
