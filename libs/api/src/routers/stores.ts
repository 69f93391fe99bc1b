import { job, store, storeInput, storeKind, storeOptions, storeTest } from '@wardrobe/contracts';
import { z } from 'zod';
import { adminProcedure, router, viewerProcedure } from '../trpc.js';
import { done, OK } from './accounts.js';

const storeId = z.string().min(1).max(64);
const storeUpdate = z.object({
  storeId,
  name: z.string().trim().min(1).max(100).optional(),
  location: z.string().min(1).max(2000).optional(),
  options: storeOptions.optional(),
  refreshIntervalSeconds: z.number().int().min(30).max(86_400).optional(),
  unknownAfterHours: z.number().int().min(1).max(8760).optional(),
});

export const storesRouter = router({
  list: viewerProcedure.output(z.array(store)).query(({ ctx }) => ctx.services.stores.list()),
  get: viewerProcedure
    .input(z.object({ storeId }))
    .output(store)
    .query(({ ctx, input }) => ctx.services.stores.get(input.storeId)),
  kinds: adminProcedure.output(z.array(storeKind)).query(({ ctx }) => ctx.services.stores.kinds()),
  test: adminProcedure
    .input(storeInput)
    .output(storeTest)
    .mutation(({ ctx, input }) => ctx.services.stores.test(input)),
  add: adminProcedure
    .input(storeInput)
    .output(store)
    .mutation(({ ctx, input }) => ctx.services.stores.add(ctx.actor, input)),
  update: adminProcedure
    .input(storeUpdate)
    .output(store)
    .mutation(({ ctx, input }) => ctx.services.stores.update(ctx.actor, input)),
  remove: adminProcedure
    .input(z.object({ storeId, confirmName: z.string().max(100) }))
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.stores.remove(ctx.actor, input);
      return OK;
    }),
  refresh: adminProcedure
    .input(z.object({ storeId }))
    .output(job)
    .mutation(({ ctx, input }) => ctx.services.stores.refresh(ctx.actor, input.storeId)),
  unlock: adminProcedure
    .input(z.object({ storeId, passphrase: z.string().min(1).max(4096), keepKey: z.boolean().default(true) }))
    .output(store)
    .mutation(({ ctx, input }) => ctx.services.stores.unlock(ctx.actor, input)),
  forgetKey: adminProcedure
    .input(z.object({ storeId }))
    .output(store)
    .mutation(({ ctx, input }) => ctx.services.stores.forgetKey(ctx.actor, input.storeId)),
});
