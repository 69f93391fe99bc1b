/** Bundles the command line into dist/, split so that each command loads only what it needs. */
import { createWriteStream, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { createGzip } from 'node:zlib';
import { build, transform } from 'esbuild';
import { pack } from 'tar-stream';

const here = fileURLToPath(new URL('.', import.meta.url));
const { lightSsh } = await import(`${here}../../libs/connectors/sftp/bundle.mjs`);
rmSync(`${here}dist`, { recursive: true, force: true });
/**
 * Imports of the engine's index are taken for imports of the modules behind it: parts are split by what each file reaches, and the index reaches all of the engine,
 * which no command needs.
 */
const ENGINE_INDEX = join(here, '../../libs/kloset/src/index.ts');
const directImports = {
  name: 'direct-imports',
  setup({ onLoad }) {
    const modules = exportsOf(ENGINE_INDEX);
    onLoad({ filter: /\/(apps|libs)\/.*\/src\/.*\.ts$/ }, ({ path }) => {
      const direct = (_, names) =>
        valuesOf(names)
          .map((name) => `import { ${name} } from ${JSON.stringify(moduleOf(modules, name.split(' ')[0]))};`)
          .join(' ');
      return { contents: readFileSync(path, 'utf8').replaceAll(/import \{([^}]*)\} from '@wardrobe\/kloset';/g, direct), loader: 'ts' };
    });
  },
};

/** What a module exports, by name: the file or package that makes it. */
function exportsOf(file) {
  const text = readFileSync(file, 'utf8');
  const origin = (from) => (from.startsWith('.') ? join(dirname(file), from.replace(/\.js$/, '.ts')) : from);
  const found = new Map();
  for (const [, name] of text.matchAll(/^export (?:abstract |async )?(?:class|function\*?|const) (\w+)/gm)) found.set(name, file);
  for (const [, names, from] of text.matchAll(/^export \{([^}]*)\} from '(.*)';/gm)) for (const name of valuesOf(names)) found.set(name, origin(from));
  for (const [, from] of text.matchAll(/^export \* from '(.*)';/gm)) for (const [name, source] of exportsOf(origin(from))) found.set(name, source);
  return found;
}

/** Names in braces, types left out. */
function valuesOf(names) {
  return names
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}

function moduleOf(modules, name) {
  const module = modules.get(name);
  if (module === undefined) throw new Error(`libs/kloset/src/index.ts does not say where ${name} comes from`);
  return module;
}

const SHARED = {
  platform: 'node',
  target: 'node20.9',
  minifySyntax: true,
  // Native parts; the SSH client does without its own.
  external: ['libsql', '@napi-rs/blake-hash', '@napi-rs/xattr', 'cpu-features', '*.node'],
  plugins: [lightSsh, directImports],
  // Its CommonJS form has no named exports once it is a part of its own.
  alias: {
    '@aws-sdk/credential-providers': '@aws-sdk/credential-providers/dist-es/index.js',
  },
  // CommonJS packages inside an ES module bundle ask for require and __dirname.
  banner: {
    js: "import { createRequire as wardrobeRequire } from 'node:module'; import { fileURLToPath as wardrobePath } from 'node:url'; const require = wardrobeRequire(import.meta.url); const __dirname = wardrobePath(new URL('.', import.meta.url));",
  },
};
const { metafile } = await build({
  absWorkingDir: `${here}../..`,
  metafile: true,
  // The second: what the threads of a backup run.
  entryPoints: { main: `${here}src/main.ts`, 'bulk-worker': `${here}../../libs/kloset/src/bulk/pipeline/worker.ts` },
  outdir: `${here}dist`,
  bundle: true,
  splitting: true,
  format: 'esm',
  ...SHARED,
  // The text of a program stays in memory; names stay, for messages.
  minifyWhitespace: true,
});
for (const path of Object.keys(metafile.outputs)) leaveBannerOut(`${here}../../${path}`);
for (const [path, { inputs }] of Object.entries(metafile.outputs)) await shortenForeign(`${here}../../${path}`, Object.keys(inputs));
for (const name of ['fs', 's3', 'sftp', 'http', 'ptar']) await packConnector(name);
process.exit(0);

/** Parts without CommonJS code do without what it asks for, which takes its time at the start of each. */
function leaveBannerOut(file) {
  const text = readFileSync(file, 'utf8');
  if (!text.startsWith(SHARED.banner.js)) return;
  const rest = text.slice(SHARED.banner.js.length).trimStart();
  if (!/require|__dirname|wardrobePath/i.test(rest)) writeFileSync(file, rest);
}

/** Parts that hold nothing but other people's code lose their comments and names: text that is loaded stays in memory. What lies in them is named at their begin. */
async function shortenForeign(file, inputs) {
  if (inputs.length === 0 || !inputs.every((input) => /^(node_modules\/|light-ssh:)/.test(input))) return;
  const { code } = await transform(readFileSync(file, 'utf8'), { loader: 'js', format: 'esm', target: SHARED.target, minify: true, legalComments: 'inline' });
  writeFileSync(file, `${inputs.map((input) => `// ${input}\n`).join('')}${code}`);
}

/** A connector as a package of its own, for `pkg add`: one file with all that it needs, and what it says of itself. */
async function packConnector(name) {
  const source = `${here}../../libs/connectors/${name}`;
  const { version } = JSON.parse(readFileSync(`${source}/package.json`, 'utf8'));
  const folder = `${here}dist/connectors`;
  const file = `${folder}/${name}.mjs`;
  mkdirSync(folder, { recursive: true });
  await build({ entryPoints: [`${source}/src/index.ts`], outfile: file, bundle: true, format: 'esm', legalComments: 'inline', ...SHARED, minify: true });
  const connector = Object.values(await import(pathToFileURL(file).href)).find((value) => Array.isArray(value?.schemes));
  const { schemes, interfaceVersion, description } = connector;
  const facts = {
    name: `@wardrobe/connector-${name}`,
    version,
    description,
    license: 'Apache-2.0',
    type: 'module',
    wardrobe: { connector: 'connector.js', name, schemes, interfaceVersion },
  };
  const tar = pack();
  const written = pipeline(tar, createGzip({ level: 9 }), createWriteStream(`${folder}/${name}-${version}.tgz`));
  const entries = { 'package.json': `${JSON.stringify(facts, null, 2)}\n`, 'connector.js': readFileSync(file) };
  for (const [path, bytes] of Object.entries(entries)) tar.entry({ name: `package/${path}`, mode: 0o644, mtime: new Date(0) }, bytes);
  tar.finalize();
  await written;
  rmSync(file);
}
