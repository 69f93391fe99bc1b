import { type OrphanProblem, STALE_LOCK_MS } from '@wardrobe/kloset';
import type { PackfileId } from '@wardrobe/kloset-model';
import { counted, spanWord } from '@wardrobe/words';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { timeText } from '../json.js';
import { openStore, type Session, warnOrphan } from '../session.js';

type JsonOption = { readonly json?: boolean };

/** `states`: every state file of the store, readable or not. */
export async function states(session: Session, options: JsonOption): Promise<ExitCode> {
  const { view } = await openStore(session);
  for (const state of view.states) {
    if (options.json) await session.terminal.json({ ...state, timestamp: timeText(state.timestampNs), timestampNs: state.timestampNs, readable: true });
    else
      await session.terminal.line(
        `${timeText(state.timestampNs).padEnd(30)} ${state.id} ${state.version} ${counted(state.counts.locations, 'location')}, ${counted(state.counts.packfiles, 'packfile')}, ${counted(state.snapshots.length, 'snapshot')}`,
      );
  }
  for (const state of view.unreadable) {
    if (options.json) await session.terminal.json({ id: state.id, sizeBytes: state.sizeBytes, readable: false, error: state.error.message });
    session.terminal.warn(`state file ${state.id} cannot be read: ${state.error.message}`);
  }
  if (view.unreadable.length > 0 && options.json) await session.terminal.json({ incomplete: true, unreadableStates: view.unreadable.map((state) => state.id) });
  return view.unreadable.length > 0 ? EXIT.damaged : EXIT.fine;
}

/** `locks`: who holds the store, since when, stale or not. A damaged lock is a warning. */
export async function locks(session: Session, options: JsonOption): Promise<ExitCode> {
  const repository = await openStore(session);
  const nowMs = Date.now();
  const found = await repository.locks({ signal: session.signal });
  if (found.length === 0 && !options.json) session.terminal.warn('nobody holds the store');
  for (const lock of found) {
    if (lock.error) {
      session.terminal.warn(`lock ${lock.id} cannot be read: ${lock.error.message}`);
      if (options.json) await session.terminal.json({ id: lock.id, readable: false, error: lock.error.message });
      continue;
    }
    const ageMs = nowMs - Number(lock.timestampNs / 1_000_000n);
    const stale = ageMs >= STALE_LOCK_MS;
    if (options.json)
      await session.terminal.json({
        id: lock.id,
        host: lock.hostname,
        exclusive: lock.exclusive,
        timestamp: timeText(lock.timestampNs),
        ageSeconds: Math.round(ageMs / 1000),
        stale,
        readable: true,
      });
    else
      await session.terminal.line(
        `${timeText(lock.timestampNs)} ${lock.id} ${lock.exclusive ? 'exclusive' : 'shared'} ${lock.hostname}, ${spanWord(ageMs)} old${stale ? ', stale' : ''}`,
      );
  }
  return EXIT.fine;
}

/** `hidden`: snapshots whose data is in the store and whose state never arrived. Ends with 65 when a packfile that may hold one cannot be read. */
export async function hidden(session: Session, options: JsonOption): Promise<ExitCode> {
  const repository = await openStore(session);
  for (const state of repository.view.unreadable) session.terminal.warn(`state file ${state.id} cannot be read: ${state.error.message}`);
  const unread: PackfileId[] = [];
  const onProblem = (problem: OrphanProblem) => {
    unread.push(problem.packfile);
    warnOrphan(session, problem);
  };
  const found = await repository.hidden({ nowMs: Date.now(), signal: session.signal, onProblem });
  for (const snapshot of found) {
    if (options.json)
      await session.terminal.json({ id: snapshot.id, packfile: snapshot.packfile, packedAt: timeText(snapshot.packedAtNs), lock: snapshot.lock });
    else
      await session.terminal.line(
        `${timeText(snapshot.packedAtNs)} ${snapshot.id} in packfile ${snapshot.packfile.slice(0, 8)}${snapshot.lock ? `; a backup may be running on ${snapshot.lock.host} (lock ${snapshot.lock.ageSeconds} s old)` : ''}`,
      );
  }
  if (found.length === 0 && unread.length === 0 && !options.json) session.terminal.warn('no snapshot is hidden');
  if (found.length > 0 && !options.json)
    session.terminal.warn(`${counted(found.length, 'snapshot is', 'snapshots are')} hidden. Browse with: ls --hidden, cat --hidden, restore --hidden`);
  if (unread.length > 0 && options.json) await session.terminal.json({ incomplete: true, unreadablePackfiles: unread });
  return unread.length > 0 ? EXIT.damaged : EXIT.fine;
}
