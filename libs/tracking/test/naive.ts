import type { World, WorldMachine } from './fleet.js';

/**
 * The truth table once more, straight from the design's text over the raw world: slow, without sets, maps or anything of the library.
 * It shares no code with it, so that a slip in one shows as a difference.
 */
export function naiveCell(world: World, machine: WorldMachine, snapshot: string): string {
  const readable = world.states.filter((state) => !state.lost && !state.damaged);
  const damaged = world.states.filter((state) => !state.lost && state.damaged);
  const isTombstoned = (packfile: string): boolean => readable.some((state) => state.tombstones.includes(packfile));
  const isDeleted = readable.some((state) => state.deletes.includes(snapshot));
  const bringers = readable.filter((state) => state.brings.some((b) => b.snapshot === snapshot && !isTombstoned(b.packfile)));
  const isLive = bringers.length > 0 && !isDeleted;

  // 1
  if (machine.reportedMs === null) return isLive ? 'unknown' : 'none';

  const holders: string[] = [];
  for (const packfile of machine.locations.get(snapshot) ?? []) if (machine.entries.has(packfile)) holders.push(packfile);
  const holdsDeleted = [...machine.deleted].includes(snapshot);
  const shows = holders.length > 0 && !holdsDeleted;

  // 2
  if (shows) {
    if (isLive) return 'seen';
    if (isDeleted || holders.every(isTombstoned)) return 'stale-delete';
    const namedByMachine = holders.map((packfile) => machine.entries.get(packfile));
    if (damaged.some((state) => state.id === snapshot || namedByMachine.includes(state.id))) return 'unreadable';
    return holders.some((packfile) => [...world.packfilesPresent].includes(packfile)) ? 'phantom' : 'lost';
  }

  // 3
  if (!isLive) return 'none';
  if (holdsDeleted) return 'lost-delete';
  if (bringers.some((state) => [...machine.states].includes(state.id))) {
    const merging = readable.some((state) => ![...machine.states].includes(state.id) && [...machine.entries.values()].includes(state.id));
    return machine.inMotion || merging ? 'behind' : 'mismatch';
  }
  const published = Math.min(...bringers.map((state) => state.publishedMs));
  return published > machine.reportedMs ? 'unknown' : 'behind';
}

const RANK = ['in-sync', 'behind', 'unknown', 'diverged'];

export function naiveVerdict(cells: readonly string[], reportedMs: number | null, nowMs: number, limitMs: number): string {
  const says: string[] = ['in-sync'];
  for (const cell of cells) {
    if (['lost', 'phantom', 'unreadable', 'lost-delete', 'mismatch'].includes(cell)) says.push('diverged');
    if (['behind', 'stale-delete'].includes(cell)) says.push('behind');
  }
  if (reportedMs === null || nowMs - reportedMs > limitMs) says.push('unknown');
  return says.sort((a, b) => RANK.indexOf(b) - RANK.indexOf(a))[0] ?? '';
}
