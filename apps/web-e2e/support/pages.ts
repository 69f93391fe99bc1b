import AxeBuilder from '@axe-core/playwright';
import { type Browser, type BrowserContext, expect, type Page } from '@playwright/test';

export const ADMIN = { name: 'Ines Ortega', email: 'ines@example.org', password: 'correct horse battery' } as const;

/** Makes the first admin through the one-time link. */
export async function setUpAdmin(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.getByLabel('Name', { exact: true }).fill(ADMIN.name);
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.locator('input[type=password]').first().fill(ADMIN.password);
  const repeat = page.locator('input[type=password]').nth(1);
  if ((await repeat.count()) > 0) await repeat.fill(ADMIN.password);
  await page.locator('button[type=submit]').click();
  await page.waitForURL((url) => !url.pathname.startsWith('/set-up'));
}

export async function signIn(page: Page, base: string): Promise<void> {
  await page.goto(`${base}/sign-in`);
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByLabel('Password', { exact: true }).fill(ADMIN.password);
  await page.locator('button[type=submit]').click();
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'));
}

/** The same person on a phone: 360 px, dark, without motion. */
export async function phoneOf(browser: Browser, context: BrowserContext): Promise<BrowserContext> {
  return browser.newContext({
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
    reducedMotion: 'reduce',
    storageState: await context.storageState(),
  });
}

/** Opens a page and waits until its program answers: what is drawn by the server is there a moment before it hears keys. */
export async function goto(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => {
    const controls = [...document.querySelectorAll('main button, main input, main a')];
    return controls.length > 0 && controls.every((node) => Object.keys(node).some((key) => key.startsWith('__reactProps')));
  });
}

/** What a page must never do: throw, log an error, ask another host, get an answer of 500 or more. */
export type Watch = { readonly faults: string[] };

export function watch(page: Page, base: string): Watch {
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith('http') && url.origin !== base) faults.push(`another host: ${url.origin}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 500) faults.push(`${response.status()} ${new URL(response.url()).pathname}`);
  });
  return { faults };
}

/** No WCAG 2.2 AA violation on the page as it stands. */
export async function expectAccessible(page: Page, about: string): Promise<void> {
  const result = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']).analyze();
  const found = result.violations.map(
    (violation) =>
      `${violation.id}: ${violation.nodes
        .map((node) => node.target.join(' '))
        .slice(0, 3)
        .join(' | ')}`,
  );
  expect(found, about).toEqual([]);
}

/** The page never scrolls sideways. */
export async function expectNoSidewaysScroll(page: Page, about: string): Promise<void> {
  const [content, view] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  expect(content, about).toBeLessThanOrEqual(view ?? 0);
}
