import { defineConfig } from '@playwright/test';
import { findChromium } from './support/chromium.js';

const browser = await findChromium();
// Node of the browser's process inherits ours; its libraries are named here so that workers agree.
Object.assign(process.env, browser.env);

export default defineConfig({
  testDir: './journeys',
  timeout: 120_000,
  expect: { timeout: 15_000 },
  fullyParallel: false,
  workers: 1,
  retries: 0,
  forbidOnly: true,
  reporter: [['list']],
  outputDir: '../../node_modules/.cache/wardrobe-journeys',
  use: {
    browserName: 'chromium',
    headless: true,
    actionTimeout: 15_000,
    trace: 'off',
    launchOptions: {
      executablePath: browser.executablePath,
      env: { ...(process.env as Record<string, string>), ...browser.env },
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
});
