import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { call } from '../support/calls.js';
import { type ConsoleServer, startConsole } from '../support/console-server.js';
import { copyFixtureStore, temporaryFolder, wardrobe } from '../support/fixture-files.js';
import { expectAccessible, expectNoSidewaysScroll, goto, phoneOf, setUpAdmin, watch } from '../support/pages.js';

let server: ConsoleServer;

test.beforeAll(async () => {
  server = await startConsole();
});
test.afterAll(async () => {
  await server.stop();
});

test('several snapshots chosen in the list: plan, copy to another store as a job, and what their pages say there', async ({ browser }) => {
  test.setTimeout(240_000);
  const location = await copyFixtureStore('v10-plain-desync');
  const folder = await temporaryFolder('mirror');
  const mirrorAt = join(folder, 'store');
  await wardrobe(['at', mirrorAt, 'create', '--plaintext', '--line', '1.1'], { WARDROBE_INDEX: folder, WARDROBE_CONFIG: join(folder, 'config') });
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const seen = watch(page, server.base);
  await setUpAdmin(page, server.setupLink);
  const { request } = context;
  const team = await call<{ id: string }>(request, server.base, 'stores.add', { name: 'team', location });
  const mirror = await call<{ id: string }>(request, server.base, 'stores.add', { name: 'mirror', location: mirrorAt });

  // Both rows are chosen, and what is to be done with them goes along.
  await goto(page, `${server.base}/stores/${team.id}/snapshots`);
  for (const id of ['cead9474', 'd9a92e06']) await page.getByRole('checkbox', { name: new RegExp(id) }).check();
  await page.getByRole('link', { name: 'Synchronise 2' }).click();
  await page.waitForURL(/kind=sync/);
  const form = page.getByRole('form', { name: 'What to sync' });
  await expect(form.getByText('2 snapshots chosen')).toBeVisible();
  await expect(form.getByText('cead9474')).toBeVisible();
  await expectAccessible(page, 'synchronisation of two');
  await page.getByRole('button', { name: 'Plan a dry run' }).click();

  const apply = page.getByRole('button', { name: 'Copy 2 snapshots' });
  await expect(apply).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('2 snapshots would be copied, 0 snapshots are there already.')).toBeVisible();
  await expect(page.getByText(new RegExp(`wardrobe at ${location} sync \\w{8} \\w{8} to ${mirrorAt} --dry-run`))).toBeVisible();
  await expectAccessible(page, 'plan of a synchronisation');

  // The plan is in the address: on a phone it is the same.
  const phone = await phoneOf(browser, context);
  const small = await phone.newPage();
  await goto(small, page.url());
  await expect(small.getByRole('button', { name: 'Copy 2 snapshots' })).toBeVisible();
  await expect(small.getByText('2 snapshots chosen')).toBeVisible();
  await expectAccessible(small, 'plan of a synchronisation at 360 px, dark');
  await expectNoSidewaysScroll(small, 'plan of a synchronisation at 360 px');

  await apply.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Copy 2 snapshots in team?')).toBeVisible();
  await dialog.getByRole('button', { name: 'Copy 2 snapshots' }).click();
  await expect(page.getByText(/^2 snapshots copied and compared/)).toBeVisible({ timeout: 60_000 });

  // The other store lists them, and says where they came from; here nothing is said.
  await goto(page, `${server.base}/stores/${mirror.id}/snapshots`);
  for (const id of ['cead9474', 'd9a92e06']) await expect(page.getByText(id).first()).toBeVisible();
  await page.getByText('cead9474').first().click();
  await page.waitForURL(/explore/);
  await expect(page.getByText(/synchronised from team on/)).toBeVisible();
  await expectAccessible(page, 'a synchronised snapshot');
  await goto(small, page.url());
  await expect(small.getByText(/synchronised from team on/)).toBeVisible();
  await expectNoSidewaysScroll(small, 'a synchronised snapshot at 360 px');
  if (process.env['WARDROBE_SHOTS']) {
    await page.screenshot({ path: join(process.env['WARDROBE_SHOTS'], 'synchronised-1400-light.png'), fullPage: true });
    await small.screenshot({ path: join(process.env['WARDROBE_SHOTS'], 'synchronised-360-dark.png'), fullPage: true });
  }

  // A second time there is nothing to do, and the plan says so.
  await goto(page, `${server.base}/stores/${team.id}/jobs/new?kind=sync`);
  await page.getByRole('button', { name: 'Plan a dry run' }).click();
  await expect(page.getByText('No snapshot would be copied, 2 snapshots are there already.')).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText('There is nothing to copy.').first()).toBeVisible();
  expect(seen.faults).toEqual([]);
  await phone.close();
  await context.close();
});
