import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { addMachine, call, report } from '../support/calls.js';
import { type ConsoleServer, startConsole } from '../support/console-server.js';
import { copyFixtureStore, temporaryFolder, unpack } from '../support/fixture-files.js';
import { expectAccessible, expectNoSidewaysScroll, goto, phoneOf, setUpAdmin, watch } from '../support/pages.js';

let server: ConsoleServer;
let into: string;

test.beforeAll(async () => {
  into = await temporaryFolder('restores');
  server = await startConsole({ env: { WARDROBE_RESTORE_ROOTS: into } });
});
test.afterAll(async () => {
  await server.stop();
});

test('by keyboard: keep what a machine deleted and take it back, clear locks, choose several snapshots, restore one file', async ({ browser }) => {
  test.setTimeout(240_000);
  const machines = (await unpack('v10-plain-desync')).machinesDir ?? '';
  const location = await copyFixtureStore('v10-plain-desync');
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const seen = watch(page, server.base);
  await setUpAdmin(page, server.setupLink);
  const { request } = context;
  // A lock that cannot be read: anybody's, so it goes only by name.
  await mkdir(join(location, 'locks'), { recursive: true });
  await writeFile(join(location, 'locks', 'ab'.repeat(32)), 'no lock');
  const { id } = await call<{ id: string }>(request, server.base, 'stores.add', { name: 'team', location });
  const store = `${server.base}/stores/${id}`;
  const bravo = await addMachine(request, server.base, 'bravo');
  await report(request, server.base, { machine: bravo, machines, as: 'alpha', deleted: 'cead9474' });
  const phone = await phoneOf(browser, context);
  const small = await phone.newPage();
  const look = async (name: string): Promise<void> => {
    await expectAccessible(page, name);
    await small.goto(page.url());
    await expect(small.locator('main h1').first()).toBeAttached();
    await expectAccessible(small, `${name} at 360 px, dark`);
    await expectNoSidewaysScroll(small, `${name} at 360 px`);
    if (process.env['WARDROBE_SHOTS']) {
      await page.screenshot({ path: join(process.env['WARDROBE_SHOTS'], `${name}-1400-light.png`), fullPage: true });
      await small.screenshot({ path: join(process.env['WARDROBE_SHOTS'], `${name}-360-dark.png`), fullPage: true });
    }
  };

  await goto(page, `${store}/divergence`);
  await page.getByText('bravo deleted 1 snapshot, and the store never heard').first().click();
  const keep = page.getByRole('button', { name: 'Keep it' });
  await keep.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog').getByText('Keep 1 snapshot in the store?')).toBeVisible();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep 1 snapshot' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Ines Ortega decided to keep it.')).toBeVisible();
  await look('decided');
  await page.getByRole('button', { name: 'Take it back' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: 'Plan to delete it again' })).toBeVisible();
  await expect(page.getByText(`wardrobe at ${location} rm cead9474`)).toBeVisible();
  await look('lost-delete');

  await goto(page, `${store}/jobs/new?kind=locks`);
  await page.getByRole('checkbox', { name: /Remove lock abababab too/ }).focus();
  await page.keyboard.press('Space');
  await look('locks');
  await page.getByRole('button', { name: 'Plan a dry run' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText(/locks clear .*--id abababab.* --force/)).toBeVisible();
  await expect(page.getByRole('button', { name: /^Remove \d+ locks?$/ })).toBeVisible();
  await goto(page, `${store}/jobs/new?kind=repair`);
  await expect(page.getByText('Take lost content from')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Delete again what a machine deleted' }).focus();
  await page.keyboard.press('Space');
  await look('repair form');
  await page.getByRole('button', { name: 'Plan a dry run' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.getByText(/was deleted on bravo, and the store lists it/)).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/All machines stop listing 1 snapshot/)).toBeVisible();
  await expect(page.getByText(/repair --redelete --apply/)).toBeVisible();
  await look('plan that deletes again');

  await goto(page, `${store}/snapshots`);
  await expect(page.getByText('cead9474').first()).toBeVisible();
  await focusRow(page, '0');
  await page.keyboard.press('x');
  await focusRow(page, '1');
  await page.keyboard.press('Shift+X');
  await expect(page.getByText('2 snapshots chosen')).toBeVisible();
  await look('chosen');
  await page.getByRole('button', { name: 'Remove 2' }).focus();
  await page.keyboard.press('Enter');
  const remove = page.getByRole('button', { name: 'Remove 2 snapshots' });
  await expect(remove).toBeVisible();
  await remove.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog').getByText('Remove 2 snapshots in team?')).toBeVisible();
  await page.keyboard.press('Escape');
  await look('removal plan');

  await goto(page, `${store}/snapshots`);
  await page.getByText('cead9474').first().click();
  await page.waitForURL(/explore/);
  await page.getByText('README.md').first().click();
  await page.getByRole('link', { name: 'Restore README.md to the server' }).click();
  await page.waitForURL(/kind=restore/);
  await expect(page.getByLabel('Path in the snapshot')).toHaveValue(/README\.md$/);
  await page.getByLabel('Folder of the server').fill(join(into, randomUUID()));
  await page.getByRole('button', { name: 'Plan a dry run' }).click();
  await expect(page.getByRole('button', { name: 'Restore to the server' })).toBeVisible();
  await look('restore plan');
  await goto(page, store);
  await expect(page.getByText('bravo').first()).toBeVisible();
  await look('machines');
  expect(seen.faults).toEqual([]);
  await phone.close();
  await context.close();
});

/** Down by `j` to a row of the list. The page hears keys only once its program runs, a moment after its rows are there. */
async function focusRow(page: Page, index: string): Promise<void> {
  const focused = (): Promise<string | null> => page.evaluate(() => document.activeElement?.closest('tr[data-index]')?.getAttribute('data-index') ?? null);
  await expect
    .poll(async () => {
      if ((await focused()) !== index) await page.keyboard.press('j');
      return focused();
    })
    .toBe(index);
}
