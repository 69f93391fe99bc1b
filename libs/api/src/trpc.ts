import { initTRPC } from '@trpc/server';
import { forbidden, unauthenticated } from './errors/api-error.js';
import { bridgeError, problemOf } from './errors/bridge.js';
import type { Actor, Services } from './services/types.js';

/** Context of every procedure. `setSession`: null clears the cookie; absent for server components, which only read. */
export type Context = {
  readonly services: Services;
  readonly actor: Actor | null;
  readonly address: string;
  readonly setSession: ((secret: string | null) => void) | null;
};

const t = initTRPC.context<Context>().create({
  // Proxies and browsers drop silent connections; a page that hears nothing connects again.
  sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 45_000 } },
  errorFormatter: ({ shape, error }) => ({
    message: problemOf(error.cause ?? error).sentence,
    code: shape.code,
    // No stack and no internal text ever leaves the process.
    data: { code: shape.data.code, httpStatus: shape.data.httpStatus, path: shape.data.path ?? null, problem: problemOf(error.cause ?? error) },
  }),
});

export const router = t.router;
export const createCallerFactory = t.createCallerFactory;

/** Failures of services become tRPC errors with the code of the one table. */
const bridged = t.procedure.use(async ({ next }) => {
  const result = await next();
  if (!result.ok) throw bridgeError(result.error.cause ?? result.error);
  return result;
});

export const publicProcedure = bridged;

/** Anyone who is known: users of both roles and reading tokens. Only for what changes nothing. */
export const viewerProcedure = bridged.use(({ ctx, next }) => {
  if (ctx.actor === null) throw unauthenticated();
  if (ctx.actor.kind === 'token' && ctx.actor.tokenKind !== 'read') throw forbidden('read with a token made for an agent');
  return next({ ctx: { ...ctx, actor: ctx.actor } });
});

/** A person on their own account (sign out, change password). */
export const userProcedure = bridged.use(({ ctx, next }) => {
  if (ctx.actor === null) throw unauthenticated();
  if (ctx.actor.kind !== 'user') throw forbidden('do this: only people have sessions');
  return next({ ctx: { ...ctx, actor: ctx.actor } });
});

export const adminProcedure = bridged.use(({ ctx, next }) => {
  if (ctx.actor === null) throw unauthenticated();
  if (ctx.actor.role !== 'admin') throw forbidden();
  return next({ ctx: { ...ctx, actor: ctx.actor } });
});
