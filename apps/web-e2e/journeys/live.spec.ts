import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { call } from '../support/calls.js';
import { type ConsoleServer, startConsole } from '../support/console-server.js';
import { copyFixtureStore, temporaryFolder, wardrobe } from '../support/fixture-files.js';
import { setUpAdmin, watch } from '../support/pages.js';

let server: ConsoleServer;

test.beforeAll(async () => {
  server = await startConsole();
});

test.afterAll(async () => {
  await server.stop();
});

type Listed = { readonly rows: readonly { readonly name: string }[] };

test('what changes between the reading of a page and the opening of its event stream is on the page', async ({ browser }) => {
  const location = await copyFixtureStore('v10-plain-desync');
  const files = await temporaryFolder('files');
  await writeFile(join(files, 'note.txt'), 'a note');
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  const seen = watch(page, server.base);
  await setUpAdmin(page, server.setupLink);
  const { request } = context;
  const { id } = await call<{ id: string }>(request, server.base, 'stores.add', { name: 'team', location });
  await page.goto(`${server.base}/stores/${id}/snapshots`);
  await expect(page.getByText('cead9474').first()).toBeVisible();

  let open = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    open = resolve;
  });
  await page.route('**/live.events**', async (route) => {
    await held;
    await route.continue();
  });
  await page.reload();
  await expect(page.getByText('cead9474').first()).toBeVisible();

  const folder = await temporaryFolder('config');
  await wardrobe(['at', location, 'backup', '--name', 'made-meanwhile', files], { WARDROBE_CONFIG: folder, XDG_CACHE_HOME: folder });
  await call(request, server.base, 'stores.refresh', { storeId: id });
  await expect
    .poll(async () => {
      const response = await request.get(`${server.base}/api/trpc/snapshots.list?input=${encodeURIComponent(JSON.stringify({ storeId: id }))}`);
      return ((await response.json()) as { result: { data: Listed } }).result.data.rows.map(({ name }) => name);
    })
    .toContain('made-meanwhile');
  await expect(page.getByText(files)).toHaveCount(0);
  open();
  await expect(page.getByText(files).first()).toBeVisible();
  expect(seen.faults).toEqual([]);
  await context.close();
});
