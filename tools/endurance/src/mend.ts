import { applyRepair, planRepair, type RepairPlan } from '@wardrobe/kloset';
import type { World } from './world.js';

/** Repair by one of the machines. What it finds of backups that were broken off is there from now on. */
export async function repair(world: World): Promise<RepairPlan> {
  const machine = world.random.pick(world.machines);
  const repository = await world.open(machine);
  const plan = await planRepair(repository, { nowMs: world.nowMs + machine.skewMs });
  await applyRepair(repository, plan, { environment: world.environment(machine) });
  const { view } = await world.open();
  for (const { id } of view.live) {
    const files = world.model.lost.get(id);
    if (files === undefined) continue;
    world.model.publish(id, files);
    world.count('brought back');
  }
  return plan;
}
