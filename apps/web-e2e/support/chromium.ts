import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type Browser = { readonly executablePath: string; readonly env: Readonly<Record<string, string>> };

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'];

/** The browser of the journeys: `CHROME_BIN`, else an installed one, else the one that npm ships, unpacked into a private folder with the libraries it needs. */
export async function findChromium(env: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  const named = env['CHROME_BIN'];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`CHROME_BIN names ${named}, which is not there`);
    return { executablePath: named, env: {} };
  }
  const installed = env['WARDROBE_SHIPPED_CHROMIUM'] === '1' ? undefined : INSTALLED.find((path) => existsSync(path));
  return installed === undefined ? unpackShipped() : { executablePath: installed, env: {} };
}

async function unpackShipped(): Promise<Browser> {
  const folder = fileURLToPath(new URL('../../../node_modules/.cache/wardrobe-chromium', import.meta.url));
  mkdirSync(folder, { recursive: true });
  const before = process.env['TMPDIR'];
  // The package unpacks into the system's temporary folder under fixed names; a private folder keeps others' files out.
  process.env['TMPDIR'] = folder;
  try {
    const { default: chromium, inflate } = await import('@sparticuz/chromium');
    const executablePath = await chromium.executablePath();
    const packed = join(fileURLToPath(new URL('../bin/', import.meta.resolve('@sparticuz/chromium'))), 'al2023.tar.br');
    await inflate(packed);
    return { executablePath, env: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), FONTCONFIG_PATH: shippedFonts(folder) } };
  } finally {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  }
}

/** The configuration that comes with the fonts names folders of another system; without any font the browser ends at its first text. @returns the folder of ours */
function shippedFonts(folder: string): string {
  const place = join(folder, 'fontconfig');
  mkdirSync(place, { recursive: true });
  const lines = [
    '<?xml version="1.0"?>',
    '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">',
    '<fontconfig>',
    `  <dir>${join(folder, 'fonts')}</dir>`,
    `  <cachedir>${join(place, 'cache')}</cachedir>`,
    '</fontconfig>',
  ];
  writeFileSync(join(place, 'fonts.conf'), `${lines.join('\n')}\n`);
  return place;
}
