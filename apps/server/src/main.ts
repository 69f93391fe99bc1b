import { readFileSync } from 'node:fs';
import { StartError } from '@wardrobe/db';
import { readArguments, USAGE } from './arguments.js';
import { readEnvironment, settleEnvironment } from './env.js';
import { createLog, outliveReaders, say } from './log.js';
import { type Installation, type RunningServer, startServer } from './start.js';
import { fileURLToPath } from 'node:url';

const log = createLog();
outliveReaders();

/** The bundle lies in apps/server/dist; the rest of the installation is found from there. */
function installation(): Installation {
  const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const { version } = JSON.parse(readFileSync(at('../../../package.json'), 'utf8')) as { version: string };
  return {
    version,
    migrations: at('./migrations'),
    worker: new URL('./worker.js', import.meta.url),
    webFolder: at('../../web'),
    fixtures: at('../../../fixtures'),
  };
}

async function main(): Promise<void> {
  const options = readArguments(process.argv.slice(2));
  if (options === 'help') {
    say(USAGE);
    process.exit(0);
  }
  const environment = readEnvironment();
  settleEnvironment();
  if (options.insecure) log('warn', 'started with --insecure: passwords and backed-up files may travel readable');
  const stopping = stopOnSignals();
  const server = await startServer({ options, environment, installation: installation(), log, say });
  stopping.attach(server);
  await server.databaseEnded;
  if (stopping.begun()) return;
  log('error', 'the database ended by itself; the console stops');
  await server.stop();
  process.exit(1);
}

/** A signal within this time of the first is the same key press: the terminal and npm both pass it on. */
const SAME_PRESS_MS = 1_500;
/** Longer than every step of an orderly stop may take together. */
const STOP_MS = 60_000;

/** First signal: an orderly stop. Another one later: at once (the next start clears up after it). */
function stopOnSignals(): { attach: (server: RunningServer) => void; begun: () => boolean } {
  let server: RunningServer | null = null;
  let begunAt: number | null = null;
  const stop = async (): Promise<void> => {
    if (server === null) return;
    try {
      await server.stop();
      say('Stopped.');
      process.exit(0);
    } catch (error) {
      log('error', `while stopping: ${error instanceof Error ? error.message : String(error)}`);
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (begunAt !== null) {
        if (Date.now() - begunAt > SAME_PRESS_MS) process.exit(1);
        return;
      }
      begunAt = Date.now();
      setTimeout(() => {
        log('error', 'stopping takes too long; the next start clears up');
        process.exit(1);
      }, STOP_MS).unref();
      void stop();
    });
  }
  return {
    begun: () => begunAt !== null,
    attach: (started) => {
      server = started;
      if (begunAt !== null) void stop();
    },
  };
}

process.on('unhandledRejection', (reason) => {
  log('error', `a failure that nobody awaited: ${reason instanceof Error ? (reason.stack ?? reason.message) : String(reason)}`);
});

main().catch((error: unknown) => {
  if (error instanceof StartError) process.stderr.write(`${error.message}\n`);
  else log('error', error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exit(1);
});
