import { expect, test } from '@playwright/test';
import { addMachine, call, report } from '../support/calls.js';
import { type ConsoleServer, startConsole } from '../support/console-server.js';
import { copyFixtureStore, unpack } from '../support/fixture-files.js';
import { expectAccessible, expectNoSidewaysScroll, goto, phoneOf, setUpAdmin, watch } from '../support/pages.js';

let server: ConsoleServer;

test.beforeAll(async () => {
  server = await startConsole();
});

test.afterAll(async () => {
  await server.stop();
});

test('a phantom: plan, apply as a job, the finding closes, the store lists the snapshot, machines catch up', async ({ browser }) => {
  test.setTimeout(180_000);
  const machines = (await unpack('v10-plain-desync')).machinesDir ?? '';
  // A store of its own: this journey writes into it.
  const location = await copyFixtureStore('v10-plain-desync');
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 }, reducedMotion: 'reduce' });
  const page = await context.newPage();
  const seen = watch(page, server.base);
  await setUpAdmin(page, server.setupLink);
  const { request } = context;
  const { id } = await call<{ id: string }>(request, server.base, 'stores.add', { name: 'team', location });
  const store = `${server.base}/stores/${id}`;
  const alpha = await addMachine(request, server.base, 'alpha');
  const bravo = await addMachine(request, server.base, 'bravo');
  for (const machine of [alpha, bravo]) await report(request, server.base, { machine, machines });

  // The finding plans its repair; nothing is written by that.
  await goto(page, `${store}/divergence`);
  await page.getByText('1 snapshot exists only on alpha').first().click();
  await page.getByRole('button', { name: 'Plan a dry run' }).click();
  const apply = page.getByRole('button', { name: 'Publish 1 state' });
  await expect(apply).toBeVisible();
  await expect(page.getByText('Nothing is deleted or overwritten.')).toBeVisible();
  await expect(page.getByText(`wardrobe at ${location} repair --snapshot 88144fd5 --apply`)).toBeVisible();
  await expectAccessible(page, 'plan');
  expect(new URL(page.url()).searchParams.get('plan')).toMatch(/^\d+$/);

  // The plan is in the address: another width, another theme, the same plan.
  const phone = await phoneOf(browser, context);
  const small = await phone.newPage();
  await goto(small, page.url());
  await expect(small.getByRole('button', { name: 'Publish 1 state' })).toBeVisible();
  await expectAccessible(small, 'plan at 360 px, dark');
  await expectNoSidewaysScroll(small, 'plan at 360 px');
  for (const kind of ['prune', 'restore', 'sync']) {
    await goto(small, `${store}/jobs/new?kind=${kind}`);
    await expect(small.getByRole('button', { name: 'Plan a dry run' })).toBeVisible();
    await expectAccessible(small, `new job: ${kind}`);
    await expectNoSidewaysScroll(small, `new job: ${kind}`);
  }
  await phone.close();

  // Applied by an admin, after a question with object and number.
  await apply.focus();
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('Publish 1 state in team?')).toBeVisible();
  await dialog.getByRole('button', { name: 'Publish 1 state' }).click();
  await expect(page.getByText('Nothing needs a decision.')).toBeVisible({ timeout: 30_000 });

  // It stands among the jobs with its log, and in the audit.
  await page.keyboard.press('g');
  await page.keyboard.press('j');
  await page.waitForURL(/\/jobs$/);
  await expect(page.getByText(/1 repair done, 1 state written, 1 of 1 snapshot proven whole/)).toBeVisible();
  await page
    .getByRole('button', { name: /^Log of Repair: / })
    .first()
    .click();
  await expect(page.getByRole('textbox', { name: /^Log of Repair: / })).toHaveValue(/whole/);
  await expectAccessible(page, 'jobs');
  await goto(page, `${server.base}/settings/audit`);
  await expect(page.getByText('started a job: repair').first()).toBeVisible();

  // The store lists it; alpha agrees, bravo catches up at its next use and report.
  await goto(page, `${store}/snapshots`);
  await expect(page.getByText('88144fd5').first()).toBeVisible();
  await goto(page, `${store}/machines/${bravo.id}`);
  await expect(page.getByText('It catches up at its next use of the store.').first()).toBeVisible();
  await report(request, server.base, { machine: bravo, machines, as: 'alpha' });
  await goto(page, store);
  await expect(page.getByText('All 2 machines agree with the store.')).toBeVisible();
  expect(seen.faults).toEqual([]);
  await context.close();
});
