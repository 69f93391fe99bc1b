import { createCallerFactory, router } from '../trpc.js';
import { sessionRouter, tokensRouter, usersRouter } from './accounts.js';
import { auditRouter, explorerRouter, jobsRouter, liveRouter, snapshotsRouter } from './browse.js';
import { storesRouter } from './stores.js';
import { divergenceRouter, machinesRouter, matrixRouter } from './tracking.js';

export const appRouter = router({
  session: sessionRouter,
  users: usersRouter,
  tokens: tokensRouter,
  stores: storesRouter,
  machines: machinesRouter,
  matrix: matrixRouter,
  divergence: divergenceRouter,
  snapshots: snapshotsRouter,
  explorer: explorerRouter,
  jobs: jobsRouter,
  audit: auditRouter,
  live: liveRouter,
});

/** For `apps/web`: types only. No transformer: every output is plain JSON. Errors carry `data.problem` (ProblemDto). */
export type AppRouter = typeof appRouter;

export const createCaller = createCallerFactory(appRouter);
/** What server components get through the server's typed slot. */
export type Caller = ReturnType<typeof createCaller>;
