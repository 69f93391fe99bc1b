import { applyCheck, planCheck } from './check.js';
import { applyLocks, planLocks } from './locks.js';
import { applyMaintenance, planMaintenanceWork } from './maintenance.js';
import { applyRemoval, planPrune, planRemoval } from './removal.js';
import { applyRepairWork, planRepairWork } from './repair.js';
import { applyRestore, planRestoreWork } from './restore.js';
import { applySync, planSyncWork } from './sync.js';
import type { EngineOutcome, EnginePlan, EngineWork, WorkContext } from './types.js';

/** What a piece of work would do. Reads, writes nothing. */
export function planWork(work: EngineWork, context: WorkContext): Promise<EnginePlan> {
  switch (work.kind) {
    case 'check':
      return planCheck(work, context);
    case 'restore':
      return planRestoreWork(work, context);
    case 'rm':
      return planRemoval(work, context);
    case 'prune':
      return planPrune(work, context);
    case 'repair':
      return planRepairWork(work, context);
    case 'maintenance':
      return planMaintenanceWork(work, context);
    case 'sync':
      return planSyncWork(work, context);
    case 'locks':
      return planLocks(work, context);
  }
}

/** Does it. `engine`: what the plan left for this. */
export function applyWork(work: EngineWork, engine: unknown, context: WorkContext): Promise<EngineOutcome> {
  switch (work.kind) {
    case 'check':
      return applyCheck(work, engine, context);
    case 'restore':
      return applyRestore(work, engine, context);
    case 'rm':
    case 'prune':
      return applyRemoval(work, engine, context);
    case 'repair':
      return applyRepairWork(work, engine, context);
    case 'maintenance':
      return applyMaintenance(work, engine, context);
    case 'sync':
      return applySync(work, engine, context);
    case 'locks':
      return applyLocks(work, engine, context);
  }
}
