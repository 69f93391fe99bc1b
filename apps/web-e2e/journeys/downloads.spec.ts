import { expect, type Page, test } from '@playwright/test';
import { type ConsoleServer, startConsole } from '../support/console-server.js';
import { COMMITTED_FIXTURES, expectedFiles, unpack, wardrobe } from '../support/fixture-files.js';
import { setUpAdmin } from '../support/pages.js';

let server: ConsoleServer;

test.beforeAll(async () => {
  server = await startConsole();
});

test.afterAll(async () => {
  await server.stop();
});

/** Fetches files with the page's own session and hashes them in the browser: path to hex SHA-256, or the status of a refusal. */
function hashesInBrowser(page: Page, urls: readonly (readonly [path: string, url: string])[]): Promise<Record<string, string>> {
  return page.evaluate(async (wanted) => {
    const found: Record<string, string> = {};
    for (const [path, url] of wanted) {
      const response = await fetch(url);
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', await response.arrayBuffer()));
      found[path] = response.ok ? Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('') : `HTTP ${response.status}`;
    }
    return found;
  }, urls);
}

const percent = (path: string): string => [...Buffer.from(path)].map((byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`).join('');

test('every file of the four stores comes through the browser as it was backed up, deleted and hidden snapshots too', async ({ browser }) => {
  test.setTimeout(300_000);
  const page = await browser.newPage();
  await setUpAdmin(page, server.setupLink);
  for (const name of COMMITTED_FIXTURES) {
    const fixture = await unpack(name);
    const env = { WARDROBE_DATA: server.dataFolder, ...(fixture.passphrase ? { WARDROBE_PASSPHRASE: fixture.passphrase } : {}) };
    const store = JSON.parse(await wardrobe(['admin', 'store', 'add', fixture.storeDir, '--name', name, '--json'], env)) as { id: string };
    await wardrobe(['admin', 'store', 'refresh', name], env);
    const ids = (
      await wardrobe(['at', fixture.storeDir, 'ls', '--json', '--deleted', '--hidden'], {
        ...env,
        WARDROBE_INDEX: `${server.dataFolder}/index-of-test`,
      })
    )
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { id: string; timestamp: string; availability?: string; roots: string[] })
      .sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1));
    expect(ids).toHaveLength(4);
    for (const [place, snapshot] of ids.entries()) {
      const files = await expectedFiles(fixture, place + 1);
      const root = snapshot.roots[0] ?? '';
      const flag = snapshot.availability === undefined ? '' : `&${snapshot.availability}=1`;
      const urls = files.map(({ path }) => [path, `/api/stores/${store.id}/snapshots/${snapshot.id}/content?path=${percent(root + path)}${flag}`] as const);
      const found = await hashesInBrowser(page, urls);
      expect(found, `${name}, snapshot ${place + 1}`).toEqual(Object.fromEntries(files.map(({ path, sha256 }) => [path, sha256])));
    }
  }
  await page.close();
});
