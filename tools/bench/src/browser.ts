import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium } from '@playwright/test';

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];

/** `CHROME_BIN`, else an installed Chromium, else the one that npm ships. */
export async function launchBrowser(): Promise<Browser> {
  const installed = [process.env['CHROME_BIN'] ?? '', ...INSTALLED].find((path) => path !== '' && existsSync(path));
  if (installed !== undefined) return chromium.launch({ executablePath: installed, args: ARGUMENTS });
  const folder = join(tmpdir(), 'wardrobe-bench-chromium');
  mkdirSync(folder, { recursive: true });
  const before = process.env['TMPDIR'];
  // The package unpacks into the system's temporary folder under fixed names.
  process.env['TMPDIR'] = folder;
  const { default: shipped, inflate } = await import('@sparticuz/chromium');
  const executablePath = await shipped.executablePath();
  await inflate(join(fileURLToPath(new URL('../bin/', import.meta.resolve('@sparticuz/chromium'))), 'al2023.tar.br'));
  if (before === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = before;
  const libraries = { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_PATH: join(folder, 'fonts') };
  return chromium.launch({ executablePath, args: ARGUMENTS, env: { ...process.env, ...libraries } as Record<string, string> });
}
