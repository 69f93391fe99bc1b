import { me, role, token, user } from '@wardrobe/contracts';
import { z } from 'zod';
import { adminProcedure, publicProcedure, router, userProcedure } from '../trpc.js';

export const done = z.object({ ok: z.literal(true) });
export const OK = { ok: true } as const;
/** At least 10 characters; the upper bound keeps the hash cheap to refuse. */
export const password = z.string().min(10).max(512);
export const email = z
  .string()
  .trim()
  .toLowerCase()
  .min(3)
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+$/);
export const personName = z.string().trim().min(1).max(100);

export const sessionRouter = router({
  me: publicProcedure.output(me).query(({ ctx }) => ctx.services.accounts.me(ctx.actor)),
  signIn: publicProcedure
    .input(z.object({ email: z.string().trim().toLowerCase().max(254), password: z.string().max(512) }))
    .output(me)
    .mutation(async ({ ctx, input }) => {
      const result = await ctx.services.accounts.signIn(input, { address: ctx.address, actor: ctx.actor });
      ctx.setSession?.(result.secret);
      return result.me;
    }),
  setUp: publicProcedure
    .input(z.object({ setupToken: z.string().min(1).max(200), name: personName, email, password }))
    .output(me)
    .mutation(async ({ ctx, input }) => {
      const result = await ctx.services.accounts.setUp(input, { address: ctx.address, actor: ctx.actor });
      ctx.setSession?.(result.secret);
      return result.me;
    }),
  signOut: userProcedure.output(done).mutation(async ({ ctx }) => {
    await ctx.services.accounts.signOut(ctx.actor);
    ctx.setSession?.(null);
    return OK;
  }),
  signOutEverywhere: userProcedure.output(done).mutation(async ({ ctx }) => {
    await ctx.services.accounts.signOutEverywhere(ctx.actor);
    ctx.setSession?.(null);
    return OK;
  }),
  changePassword: userProcedure
    .input(z.object({ current: z.string().max(512), next: password }))
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.accounts.changePassword(ctx.actor, input);
      return OK;
    }),
});

export const usersRouter = router({
  list: adminProcedure.output(z.array(user)).query(({ ctx }) => ctx.services.accounts.listUsers()),
  create: adminProcedure
    .input(z.object({ name: personName, email, role, password }))
    .output(user)
    .mutation(({ ctx, input }) => ctx.services.accounts.createUser(ctx.actor, input)),
  setRole: adminProcedure
    .input(z.object({ id: z.string(), role }))
    .output(user)
    .mutation(({ ctx, input }) => ctx.services.accounts.setRole(ctx.actor, input)),
  remove: adminProcedure
    .input(z.object({ id: z.string() }))
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.accounts.removeUser(ctx.actor, input.id);
      return OK;
    }),
});

export const tokensRouter = router({
  list: adminProcedure.output(z.array(token)).query(({ ctx }) => ctx.services.accounts.listTokens()),
  create: adminProcedure
    .input(z.object({ name: z.string().trim().min(1).max(100), kind: z.enum(['agent', 'read']) }))
    .output(z.object({ token, secret: z.string(), command: z.string() }))
    .mutation(({ ctx, input }) => ctx.services.accounts.createToken(ctx.actor, input)),
  revoke: adminProcedure
    .input(z.object({ id: z.string() }))
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.accounts.revokeToken(ctx.actor, input.id);
      return OK;
    }),
});
