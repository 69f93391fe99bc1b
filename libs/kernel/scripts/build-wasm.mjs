#!/usr/bin/env node
/** Compiles assembly/ and writes src/generated/module.ts. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { blake3LanesSource } from './unroll-blake3.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const LANES = 'assembly/generated/blake3-lanes.ts';
const MODULE = 'src/generated/module.ts';

/** Compiles from the sources on disk (the unrolled part comes from its generator); nothing is written. */
export async function compileKernel() {
  let binary;
  const written = (name, content) => {
    if (name.endsWith('.wasm')) binary = Buffer.from(content);
  };
  const { error, stderr } = await asc.main(
    [
      'assembly/index.ts',
      '--outFile',
      'kernel.wasm',
      '-O3',
      '--noAssert',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--initialMemory',
      '148',
      '--use',
      'abort=',
    ],
    {
      readFile: (name, base) => {
        if (name.replaceAll('\\', '/').endsWith(LANES)) return blake3LanesSource();
        try {
          return readFileSync(join(base === '.' ? root : join(root, base), name), 'utf8');
        } catch (cause) {
          if (cause.code === 'ENOENT' || cause.code === 'ENOTDIR') return null;
          throw cause;
        }
      },
      writeFile: written,
    },
  );
  if (error || !binary) throw new Error(`the kernel does not compile: ${error?.message}\n${stderr.toString()}`);
  return binary;
}

/** The committed TypeScript file for a compiled module. */
export function moduleSource(binary) {
  const text = binary.toString('base64');
  const lines = text
    .match(/.{1,140}/g)
    .map((line) => `  '${line}'`)
    .join(' +\n');
  const digest = createHash('sha256').update(binary).digest('hex');
  return `// Made by scripts/build-wasm.mjs from assembly/; do not edit.

/** SHA-256 of the compiled module. */
export const moduleSha256 = '${digest}';

/** The compiled module, base64. */
export const moduleBase64 =
${lines};
`;
}

async function main() {
  const binary = await compileKernel();
  const lanes = join(root, LANES);
  mkdirSync(dirname(lanes), { recursive: true });
  mkdirSync(dirname(join(root, MODULE)), { recursive: true });
  writeFileSync(lanes, blake3LanesSource());
  writeFileSync(join(root, MODULE), moduleSource(binary));
  process.stdout.write(`kernel: ${binary.length} bytes\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
