import { cellStory, divergencePage, hexId, machineDetail, machinesPage, matrixColumn } from '@wardrobe/contracts';
import { z } from 'zod';
import { adminProcedure, router, viewerProcedure } from '../trpc.js';
import { done, OK } from './accounts.js';

const storeId = z.string().min(1).max(64);
const machineId = z.string().min(1).max(64);

const finding = z.object({ storeId, findingId: z.string().min(1).max(200) });

export const machinesRouter = router({
  list: viewerProcedure
    .input(z.object({ storeId, retired: z.boolean().default(false) }))
    .output(machinesPage)
    .query(({ ctx, input }) => ctx.services.tracking.machines(input)),
  get: viewerProcedure
    .input(z.object({ storeId, machineId }))
    .output(machineDetail)
    .query(({ ctx, input }) => ctx.services.tracking.machine(input)),
  rename: adminProcedure
    .input(z.object({ machineId, name: z.string().trim().min(1).max(100) }))
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.tracking.rename(ctx.actor, input);
      return OK;
    }),
  retire: adminProcedure
    .input(z.object({ machineId, retired: z.boolean() }))
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.tracking.retire(ctx.actor, input);
      return OK;
    }),
  merge: adminProcedure
    .input(z.object({ from: machineId, into: machineId }))
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.tracking.merge(ctx.actor, input);
      return OK;
    }),
});

export const matrixRouter = router({
  columns: viewerProcedure
    .input(z.object({ storeId, from: z.number().int().min(0), to: z.number().int().min(0) }))
    .output(z.array(matrixColumn))
    .query(({ ctx, input }) => ctx.services.tracking.columns(input)),
  cell: viewerProcedure
    .input(z.object({ storeId, machineId, snapshotId: hexId }))
    .output(cellStory)
    .query(({ ctx, input }) => ctx.services.tracking.cell(input)),
});

export const divergenceRouter = router({
  get: viewerProcedure
    .input(z.object({ storeId }))
    .output(divergencePage)
    .query(({ ctx, input }) => ctx.services.tracking.divergence(input.storeId)),
  keep: adminProcedure
    .input(finding)
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.tracking.keep(ctx.actor, { ...input, keep: true });
      return OK;
    }),
  unkeep: adminProcedure
    .input(finding)
    .output(done)
    .mutation(async ({ ctx, input }) => {
      await ctx.services.tracking.keep(ctx.actor, { ...input, keep: false });
      return OK;
    }),
});
