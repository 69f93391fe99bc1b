import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { type ConsoleServer, startConsole } from '../support/console-server.js';
import { expectedFiles, temporaryFolder, unpack, wardrobe } from '../support/fixture-files.js';
import { goto, setUpAdmin, watch } from '../support/pages.js';

let server: ConsoleServer;

test.beforeAll(async () => {
  server = await startConsole();
});

test.afterAll(async () => {
  await server.stop();
});

test('first run: admin, encrypted store, browse, preview, download, machine, report, phantom with cause and next step', async ({ browser }) => {
  test.setTimeout(240_000);
  const fixture = await unpack('v11-enc-desync');
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, acceptDownloads: true });
  const page = await context.newPage();
  const seen = watch(page, server.base);

  await setUpAdmin(page, server.setupLink);

  // The link works once.
  const other = await browser.newPage();
  await other.goto(server.setupLink);
  await other.waitForURL(/\/sign-in/);
  await other.close();

  // Add a store: a wrong passphrase is told in words, the right one connects.
  await page.getByLabel('Location').fill(fixture.storeDir);
  await page.getByLabel('Passphrase', { exact: true }).fill('not the passphrase');
  await page.getByLabel('Name in Wardrobe').fill('team');
  await page.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText(/passphrase does not open/i).first()).toBeVisible();
  await page.getByLabel('Passphrase', { exact: true }).fill(fixture.passphrase ?? '');
  await page.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText(/passphrase does not open/i)).toHaveCount(0);
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.waitForURL((url) => /^\/stores\/\d+$/.test(url.pathname));
  const store = new URL(page.url()).pathname;

  // Browse: snapshot, folder, preview.
  await page.goto(`${server.base}${store}/snapshots`);
  // The newest one comes above it.
  await expect(page.getByText('8cb22dc1').first()).toBeVisible();
  await page.getByText('e8d86560').first().click();
  await page.waitForURL(/explore/);
  await page.getByText('README.md').first().click();
  await expect(page.getByText('Team share').first()).toBeVisible();

  // Download.
  const readme = (await expectedFiles(fixture, 2)).find((entry) => entry.path === '/README.md');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page
      .getByRole('link', { name: /^Download/ })
      .or(page.getByRole('button', { name: /^Download README/ }))
      .first()
      .click(),
  ]);
  const bytes = await readFile(await download.path());
  expect(download.suggestedFilename()).toBe('README.md');
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(readme?.sha256);

  // Add a machine: the page gives a token; the agent reports; the page shows it.
  await goto(page, `${server.base}${store}/add-machine`);
  const token = await makeToken(page);
  const folder = await temporaryFolder('agent');
  await writeFile(join(folder, 'token'), token);
  await wardrobe(
    [
      'agent',
      'once',
      '--server',
      server.base,
      '--token-file',
      join(folder, 'token'),
      '--cache',
      join(fixture.machinesDir ?? '', 'alpha', '.cache'),
      '--name',
      'alpha',
    ],
    { WARDROBE_CONFIG: folder },
  );
  await expect(page.getByText(/alpha/).first()).toBeVisible();

  // The phantom, with cause and next step.
  await page.goto(`${server.base}${store}`);
  await expect(page.getByText('State a82a6894 never reached the store').first()).toBeVisible();
  await expect(page.getByText('1 phantom').first()).toBeVisible();
  await page.goto(`${server.base}${store}/divergence`);
  await expect(page.getByText('1 snapshot exists only on alpha').first()).toBeVisible();
  await expect(page.getByText(/Publish the lost state/).first()).toBeVisible();

  // The export says the same.
  const exported = await context.request.get(`${server.base}/api${store}/divergence.json`);
  expect(exported.status()).toBe(200);
  expect(JSON.stringify(await exported.json())).toContain('phantom');

  // A second host on the same token is refused with a sentence.
  const second = await temporaryFolder('second');
  await expect(
    wardrobe(
      [
        'agent',
        'once',
        '--server',
        server.base,
        '--token-file',
        join(folder, 'token'),
        '--cache',
        join(fixture.machinesDir ?? '', 'bravo', '.cache'),
        '--name',
        'bravo',
      ],
      { WARDROBE_CONFIG: second },
    ),
  ).rejects.toThrow(/belongs to/);

  expect(server.output()).not.toContain(fixture.passphrase ?? 'correct');
  expect(server.output()).not.toContain(token);
  expect(seen.faults).toEqual([]);
  await context.close();
});

/** Asks for a token and takes its secret out of the page. */
async function makeToken(page: import('@playwright/test').Page): Promise<string> {
  await page.getByRole('main').getByRole('textbox').first().fill('alpha');
  await page.getByRole('button', { name: 'Make 1 token' }).click();
  const secret = page.getByText(/wd[a-z]?_[A-Za-z0-9_-]{20,}/).first();
  await expect(secret).toBeVisible();
  return /wd[a-z]?_[A-Za-z0-9_-]{20,}/.exec((await secret.textContent()) ?? '')?.[0] ?? '';
}
