import { expect, test } from '@playwright/test';
import { type ConsoleServer, startConsole } from '../support/console-server.js';
import { expectAccessible, expectNoSidewaysScroll, setUpAdmin, signIn, watch } from '../support/pages.js';

let server: ConsoleServer;
let store = '';
let live = '';

test.beforeAll(async ({ browser }) => {
  test.setTimeout(180_000);
  server = await startConsole({ demo: true });
  const page = await browser.newPage();
  await setUpAdmin(page, server.setupLink);
  await page.goto(server.base);
  await page
    .getByRole('link', { name: /Demonstration/ })
    .first()
    .click();
  await page.waitForURL((url) => /^\/stores\/\d+$/.test(url.pathname));
  store = new URL(page.url()).pathname;
  await page.goto(`${server.base}${store}/snapshots`);
  await page.getByText('cead9474').first().click();
  await page.waitForURL(/explore/);
  live = new URL(page.url()).pathname + new URL(page.url()).search;
  await page.close();
});

test.afterAll(async () => {
  await server.stop();
});

/** Every page of the console, with a text that shows that its content has come. */
function pages(): { name: string; path: string; shows: RegExp }[] {
  return [
    { name: 'stores', path: '/', shows: /Demonstration/ },
    { name: 'machines', path: store, shows: /0 of 3 machines agree/ },
    { name: 'matrix', path: `${store}/matrix`, shows: /1 divergent cell/ },
    { name: 'matrix table', path: `${store}/matrix?view=table`, shows: /phantom/ },
    { name: 'divergence', path: `${store}/divergence`, shows: /exists only on alpha/ },
    { name: 'snapshots', path: `${store}/snapshots`, shows: /cead9474/ },
    { name: 'explorer', path: live, shows: /README\.md/ },
    { name: 'add machine', path: `${store}/add-machine`, shows: /machine/i },
    { name: 'store settings', path: `${store}/settings`, shows: /Demonstration/ },
    { name: 'connect a store', path: '/stores/new', shows: /Connect a store/ },
    { name: 'jobs', path: '/jobs', shows: /job/i },
    { name: 'new job', path: `${store}/jobs/new?kind=check`, shows: /Every packfile/ },
    { name: 'account', path: '/settings', shows: /Ines Ortega|ines@example\.org/ },
    { name: 'people', path: '/settings/users', shows: /ines@example\.org/ },
    { name: 'tokens', path: '/settings/tokens', shows: /token/i },
    { name: 'audit', path: '/settings/audit', shows: /Ines|store/i },
  ];
}

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [1400, 360] as const) {
    test(`every page at ${width} px, ${scheme}: content, no fault, no violation, no sideways scroll`, async ({ browser }) => {
      test.setTimeout(300_000);
      const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme: scheme, reducedMotion: 'reduce' });
      const page = await context.newPage();
      const seen = watch(page, server.base);
      await signIn(page, server.base);
      for (const { name, path, shows } of pages()) {
        await page.goto(`${server.base}${path}`);
        await expect(page.locator('main').getByText(shows).filter({ visible: true }).first(), name).toBeVisible();
        await expectAccessible(page, `${name} ${scheme} ${width}`);
        await expectNoSidewaysScroll(page, `${name} ${width}`);
      }
      expect(seen.faults).toEqual([]);
      await context.close();
    });
  }
}

test('signed out: sign-in and set-up pages are accessible and no page shows data', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  for (const { path } of pages()) {
    await page.goto(`${server.base}${path}`);
    await page.waitForURL(/\/sign-in/);
    await expect(page.getByText('alpha')).toHaveCount(0);
  }
  await expectAccessible(page, 'sign-in');
  await page.goto(`${server.base}/set-up`);
  await expectAccessible(page, 'set-up');
  await context.close();
});

test('the skip link leads to the list, and its first row is within three Tabs', async ({ browser }) => {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  await signIn(page, server.base);
  await page.goto(`${server.base}${store}`);
  await expect(page.getByText('State 88144fd5 never reached the store')).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.locator(':focus')).toHaveText(/skip/i);
  await page.keyboard.press('Enter');
  let reached = false;
  for (let tabs = 0; tabs < 3 && !reached; tabs += 1) {
    await page.keyboard.press('Tab');
    reached = await page.evaluate(() => /alpha/.test(document.activeElement?.closest('tr, [role=row], li')?.textContent ?? ''));
  }
  expect(reached).toBe(true);
  await context.close();
});
