import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { renderPages } from './render.js';

const folder = fileURLToPath(new URL('../../../docs/format', import.meta.url));

describe('docs/format', () => {
  for (const [file, text] of renderPages()) {
    it(`${file} is what the codec tables say`, () => {
      expect(readFileSync(join(folder, file), 'utf8')).toBe(text);
    });
  }
});
