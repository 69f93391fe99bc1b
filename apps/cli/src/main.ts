import { readEnvironment } from './env.js';
import { CliError, EXIT } from './exit-codes.js';
import { keepYoungSmall } from './heap.js';
import { runCommandLine } from './run.js';
import { createTerminal } from './terminal.js';

keepYoungSmall();

// The library that reads profiles of S3 keys would say at every command that its versions of 2027 want a newer Node; which version comes along is the lock file's matter.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

/** Runs the command line and ends the process explicitly: Node 20 may hang at its end once WASM was loaded. */
const abort = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => abort.abort(new CliError(EXIT.usage, 'Interrupted.')));
process.exit(await runCommandLine(process.argv.slice(2), { terminal: createTerminal(), env: readEnvironment(), signal: abort.signal }));
