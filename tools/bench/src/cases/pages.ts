import type { Browser, Page } from '@playwright/test';
import { launchBrowser } from '../browser.js';
import { addStore, type RunningConsole, startConsole } from '../console.js';
import { largest, median, repeat } from '../statistics.js';
import { largeDirectory } from '../stores/generate.js';
import type { Row, Section } from '../table.js';
import type { BenchContext } from './context.js';

const ENTRIES = 1_000_000;

type Seen = { readonly paintMs: number; readonly rowsMs: number; readonly scriptKB: number };

/** The explorer's page in a real browser on a directory of 1,000,000 entries. */
export async function pages({ work, turns }: BenchContext): Promise<Section> {
  const root = await work.store(`directory-${ENTRIES}`, (folder) => largeDirectory(folder, { entries: ENTRIES }));
  const console = await startConsole([work.path], { pages: true });
  const browser = await launchBrowser();
  try {
    const storeId = await addStore(console, { name: 'directory', location: root });
    const { rows } = await console.query<{ readonly rows: readonly { readonly id: string }[] }>('snapshots.list', { storeId });
    const address = `${console.baseUrl}/stores/${storeId}/explore?${new URLSearchParams({ snapshot: rows[0]?.id ?? '', path: '/data' })}`;
    await withPage(browser, console, (page) => visit(page, address));
    const visits = await repeat(turns * 2, () => withPage(browser, console, (page) => visit(page, address)));
    const jumps = await repeat(turns, () =>
      withPage(browser, console, async (page) => {
        await visit(page, address);
        return jumpToEnd(page);
      }),
    );
    return { title: `Pages: the explorer on ${ENTRIES.toLocaleString('en')} entries in Chromium (cold browser, warm server)`, rows: rowsOf(visits, jumps) };
  } finally {
    await browser.close();
    await console.stop();
  }
}

function rowsOf(visits: readonly Seen[], jumps: readonly { readonly ms: number; readonly nodes: number }[]): Row[] {
  return [
    { what: 'first contentful paint', value: median(visits.map((seen) => seen.paintMs)), unit: 'ms', budget: 500 },
    { what: 'rows of the listing', value: median(visits.map((seen) => seen.rowsMs)), unit: 'ms', budget: 800 },
    { what: 'JavaScript loaded at first, compressed', value: largest(visits.map((seen) => seen.scriptKB)), unit: 'KB', budget: 250 },
    { what: 'DOM nodes at the last row', value: largest(jumps.map((jump) => jump.nodes)), unit: '', budget: 2000 },
    { what: 'jump to the last row', value: median(jumps.map((jump) => jump.ms)), unit: 'ms', budget: 300 },
  ];
}

/** In a context of its own: no cache. */
async function withPage<T>(browser: Browser, console: RunningConsole, use: (page: Page) => Promise<T>): Promise<T> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    const [name, value] = console.cookie.split('=', 2) as [string, string];
    await context.addCookies([{ name, value, url: console.baseUrl }]);
    return await use(await context.newPage());
  } finally {
    await context.close();
  }
}

async function visit(page: Page, address: string): Promise<Seen> {
  await page.goto(address, { waitUntil: 'commit' });
  await page.waitForSelector('[data-index="0"]');
  const rowsMs = await page.evaluate<number>('performance.now()');
  await page.waitForLoadState('networkidle');
  const paintMs = await page.evaluate<number>(`performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0`);
  const scriptBytes = await page.evaluate<number>(
    `performance.getEntriesByType('resource').filter((one) => /\\.js(\\?|$)/.test(one.name)).reduce((sum, one) => sum + one.encodedBodySize, 0)`,
  );
  return { paintMs, rowsMs, scriptKB: scriptBytes / 1024 };
}

async function jumpToEnd(page: Page): Promise<{ readonly ms: number; readonly nodes: number }> {
  await page.locator('[data-index="0"]').click({ position: { x: 400, y: 5 }, trial: true });
  await page.locator('[data-index="0"]').focus();
  const start = performance.now();
  await page.keyboard.press('End');
  await page.waitForSelector(`[data-index="${ENTRIES - 1}"]`);
  return { ms: performance.now() - start, nodes: await page.evaluate<number>(`document.querySelectorAll('*').length`) };
}
