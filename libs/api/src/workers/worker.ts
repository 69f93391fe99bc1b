import { parentPort, workerData } from 'node:worker_threads';
import type { Methods } from './protocol.js';
import { serve } from './serve.js';

/** Entry of every worker thread of the console; `workerData.role` names what it does. Bundled by the server's build. */
const ROLES: Readonly<Record<string, () => Promise<Methods>>> = {
  store: async () => (await import('./store-role.js')).storeMethods(),
  text: async () => (await import('./text-role.js')).textMethods(),
  report: async () => (await import('./report-role.js')).reportMethods(),
};

async function main(): Promise<void> {
  const role: unknown = typeof workerData === 'object' && workerData !== null && 'role' in workerData ? workerData.role : null;
  const start = typeof role === 'string' ? ROLES[role] : undefined;
  if (start === undefined || parentPort === null) throw new Error(`no role ${String(role)}`);
  // Calls that came meanwhile wait in the port until a listener is there.
  serve(parentPort, await start());
}

await main();
