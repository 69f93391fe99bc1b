import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { type S3Server, startS3Server } from '@wardrobe/testing';
import { type ConsoleServer, startConsole } from '../support/console-server.js';
import { temporaryFolder, wardrobe } from '../support/fixture-files.js';
import { expectAccessible, expectNoSidewaysScroll, goto, setUpAdmin, watch } from '../support/pages.js';

let server: ConsoleServer;
let s3: S3Server;

test.beforeAll(async () => {
  s3 = await startS3Server({ buckets: ['backups'] });
  server = await startConsole();
});

test.afterAll(async () => {
  await server.stop();
});

test('a store on S3: kind, location and keys; what fails is said by its step; browse; an honest page while the server is away', async ({ browser }) => {
  test.setTimeout(240_000);
  const location = `s3://${s3.host}:${s3.port}/backups/team`;
  const files = await temporaryFolder('files');
  const folder = await temporaryFolder('config');
  await writeFile(join(files, 'note.txt'), 'kept far away');
  const env = { WARDROBE_CONFIG: folder, XDG_CACHE_HOME: folder, WARDROBE_OPTION_SECRET_ACCESS_KEY: s3.secretKey };
  const at = ['-o', 'use_tls=false', '-o', `access_key=${s3.accessKey}`, 'at', location];
  await wardrobe([...at, 'create', '--plaintext'], env);
  await wardrobe([...at, 'backup', files], env);

  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const seen = watch(page, server.base);
  await setUpAdmin(page, server.setupLink);
  await goto(page, `${server.base}/stores/new`);
  await page.getByLabel('Kind of store').selectOption('s3');
  await page.getByLabel('Location').fill(`${location}-elsewhere`);
  await page.locator('[name=option-access_key]').fill(s3.accessKey);
  await page.locator('[name=option-secret_access_key]').fill(s3.secretKey);
  const tls = page.locator('[name=option-use_tls]');
  if (!(await tls.isVisible())) await page.getByText(/^More options/).click();
  await tls.selectOption('false');
  await page.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText(/is not a Kloset store|no store|has no CONFIG/i).first()).toBeVisible({ timeout: 60_000 });
  await expectAccessible(page, 'a test that failed');
  await page.getByLabel('Location').fill(location);
  await page.getByRole('button', { name: /^Test/ }).click();
  await expect(page.getByText(/is not a Kloset store|no store|has no CONFIG/i)).toHaveCount(0, { timeout: 60_000 });
  await page.setViewportSize({ width: 360, height: 740 });
  await expectNoSidewaysScroll(page, 'form of an S3 store at 360 px');
  await expectAccessible(page, 'form of an S3 store at 360 px');
  await page.setViewportSize({ width: 1400, height: 900 });
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.waitForURL((url) => /^\/stores\/\d+$/.test(url.pathname));
  const store = new URL(page.url()).pathname;

  await goto(page, `${server.base}${store}/snapshots`);
  await page.getByText(files).first().waitFor();
  await page
    .getByRole('link', { name: /^[0-9a-f]{8}$/ })
    .first()
    .click();
  await page.waitForURL(/explore/);
  await page.getByText('note.txt').first().click();
  await expect(page.getByText('kept far away').first()).toBeVisible();

  // The options went in and do not come out.
  await goto(page, `${server.base}${store}/settings`);
  await expect(page.getByText(location).first()).toBeVisible();
  expect(await page.content()).not.toContain(s3.secretKey);
  await expect(page.getByText('Counted since')).toBeVisible();
  await expectAccessible(page, 'settings of an S3 store');
  await page.setViewportSize({ width: 360, height: 740 });
  await expectNoSidewaysScroll(page, 'settings of an S3 store at 360 px');
  await page.setViewportSize({ width: 1400, height: 900 });
  expect(seen.faults).toEqual([]);

  // While the server is away the page keeps what was read, and says so.
  await goto(page, `${server.base}${store}/snapshots`);
  await page.getByText(files).first().waitFor();
  await s3.close();
  await page.getByRole('button', { name: 'Read again' }).click();
  await expect(page.getByText(/cannot be reached|does not answer|nothing listens/i).first()).toBeVisible({ timeout: 90_000 });
  await expect(page.getByText(files).first()).toBeVisible();
  await expectAccessible(page, 'snapshots of a store that is away');
  await context.close();
});
