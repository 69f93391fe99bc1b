import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { renderPages } from './render.js';

const folder = fileURLToPath(new URL('../../../docs/format', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [file, text] of renderPages()) writeFileSync(join(folder, file), text);
process.exit(0);
