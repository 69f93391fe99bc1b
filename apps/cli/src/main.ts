import { setFlagsFromString } from 'node:v8';
import { readEnvironment } from './env.js';
import { CliError, EXIT } from './exit-codes.js';
import { runCommandLine } from './run.js';
import { createTerminal } from './terminal.js';

// A young generation that does not grow: 100,000 files take a quarter less memory at their peak, and no more time. Every new thread sets it back for all.
const keepSmall = (): void => setFlagsFromString('--semi-space-growth-factor=1');
keepSmall();
process.on('worker', (worker) => worker.once('online', keepSmall));
// The old generation is collected when it has grown by a quarter, at least by some megabytes, instead of three times over: 25 MiB less, and no more time to speak of.
setFlagsFromString('--heap-growing-percent=25');

// The S3 client would say at every command that its versions of 2027 want a newer Node; which version comes along is the lock file's matter.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

/** Runs the command line and ends the process explicitly: Node 20 may hang at its end once WASM was loaded. */
const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort(new CliError(EXIT.usage, 'Interrupted.')));
process.exit(await runCommandLine(process.argv.slice(2), { terminal: createTerminal(), env: readEnvironment(), signal: abort.signal }));
