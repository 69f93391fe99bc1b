/**
 * Memory of the S3 connector: a packfile of 256 MiB goes up from a local file and comes back, several times, with the server in a process of its own.
 *
 *   node --expose-gc --import tsx tools/bench/src/s3-memory.ts
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { s3Connector } from '@wardrobe/connector-s3';
import type { Mac } from '@wardrobe/kloset-model';
import { parseStoreLocation, type WritableStore } from '@wardrobe/store-connector';
import { removeFolder, startS3Server, temporaryFolder } from '@wardrobe/testing';

const MIB = 1 << 20;
const PACKFILE_BYTES = Number(process.env['BENCH_S3_MIB'] ?? '256') * MIB;
const ROUNDS = 3;
const SMALL_READS = 500;
const ID = 'ab'.repeat(32) as Mac;

type Row = { readonly what: string; readonly startMib: number; readonly peakMib: number; readonly liveMib: number };

async function serve(): Promise<void> {
  const server = await startS3Server({ buckets: ['bucket'] });
  console.log(JSON.stringify({ port: server.port, accessKey: server.accessKey, secretKey: server.secretKey }));
}

async function measure(): Promise<void> {
  const program = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, ['--import', 'tsx', program, 'serve'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const server = JSON.parse(line) as { port: number; accessKey: string; secretKey: string };
  const folder = await temporaryFolder('s3-memory');
  const store = s3Connector.open({
    location: parseStoreLocation(`s3://127.0.0.1:${server.port}/bucket/memory`),
    options: { access_key: server.accessKey, secret_access_key: server.secretKey, use_tls: 'false' },
    host: { environment: {}, home: folder, temporaryFolder: folder },
  });
  try {
    await store.create(new Uint8Array(200));
    await store.write('state', ID, randomBytes(50_000));
    const rows: Row[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      const file = join(folder, 'tmp.packfile');
      const expected = await makeFile(file);
      rows.push(await watched(`upload ${round}`, () => store.adopt('packfile', ID, file)));
      rows.push(
        await watched(`read ${round}`, async () => {
          if ((await hashOf(store)) !== expected) throw new Error('other bytes came back');
        }),
      );
    }
    for (let round = 1; round <= ROUNDS; round += 1) rows.push(await watched(`${SMALL_READS} listings and ranges, ${round}`, () => smallReads(store)));
    console.log(
      `Packfile of ${PACKFILE_BYTES / MIB} MiB; memory of the client in MiB: resident before the step and at its peak, and what is still in use after it.\n\n| step | before | peak | in use after |\n| --- | ---: | ---: | ---: |`,
    );
    for (const { what, startMib, peakMib, liveMib } of rows) console.log(`| ${what} | ${startMib} | ${peakMib} | ${liveMib.toFixed(1)} |`);
  } finally {
    await store.close();
    child.kill();
    await removeFolder(folder);
  }
}

async function smallReads(store: WritableStore): Promise<void> {
  for (let turn = 0; turn < SMALL_READS; turn += 1) {
    for await (const item of store.list('packfile')) await store.readRange('packfile', item.id, turn * 1000, 5000);
  }
}

/** Made piece by piece: its bytes are never together in this process. */
async function makeFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(path, 'w');
  try {
    for (let at = 0; at < PACKFILE_BYTES; at += MIB) {
      const piece = randomBytes(MIB);
      hash.update(piece);
      await file.write(piece);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

async function hashOf(store: WritableStore): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of store.read('packfile', ID)) hash.update(piece);
  return hash.digest('hex');
}

async function watched(what: string, work: () => Promise<void>): Promise<Row> {
  globalThis.gc?.();
  const startMib = residentMib();
  let peakMib = startMib;
  const timer = setInterval(() => {
    peakMib = Math.max(peakMib, residentMib());
  }, 10);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return { what, startMib, peakMib, liveMib: (heapUsed + external) / MIB };
}

function residentMib(): number {
  return Math.round(process.memoryUsage.rss() / MIB);
}

await (process.argv[2] === 'serve' ? serve() : measure());
