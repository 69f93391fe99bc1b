/**
 * `npm start`: builds what is missing or stale, then runs the server in this process.
 *
 *   npm start                    http://127.0.0.1:7300
 *   npm start -- --demo          with a demonstration store and its three machines
 *   npm start -- --help          all options
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from './build.mjs';
import { stopWithNpm } from './stop-with-npm.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const server = join(root, 'apps/server/dist/main.js');
const built = existsSync(server) && existsSync(join(root, 'apps/web/.next/BUILD_ID'));
const helpOnly = process.argv.includes('--help') || process.argv.includes('-h');

stopWithNpm();
if (!(built && helpOnly)) await prepare();
await import(pathToFileURL(server).href);

async function prepare() {
  console.log(built ? 'Checking the build …' : 'Building (the first time takes a minute or two) …');
  const started = performance.now();
  const { code, output } = await build({ quiet: true, only: ['@wardrobe/db', '@wardrobe/server', '@wardrobe/web', '@wardrobe/cli'] });
  if (code !== 0) {
    console.error(`${output}\nThe build failed; the lines above say why. If node_modules may be incomplete, run npm ci and start again.`);
    process.exit(1);
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  if (seconds > 5) console.log(`Built in ${seconds} s.`);
}
