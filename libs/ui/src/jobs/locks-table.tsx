'use client';
import type { StoreLockDto } from '@wardrobe/contracts';
import { KeyRound } from 'lucide-react';
import { EmptyState } from '../feedback/states.js';
import { FullTime, RelativeTime } from '../foundation/time.js';

export type LocksTableProps = {
  readonly locks: readonly StoreLockDto[];
  /** Locks that are to go although they are fresh or cannot be read; null: nothing is chosen here. */
  readonly forced: readonly string[] | null;
  readonly onForced?: (ids: readonly string[]) => void;
};

/** Who holds the store, since when, left behind or not. Those that may still be held go only when they are ticked one by one. */
export function LocksTable({ locks, forced, onForced }: LocksTableProps) {
  if (locks.length === 0)
    return (
      <EmptyState icon={KeyRound} fact="Nobody holds the store.">
        There is no lock in it.
      </EmptyState>
    );
  const tick = (id: string, on: boolean): void => onForced?.(on ? [...(forced ?? []), id] : (forced ?? []).filter((other) => other !== id));
  return (
    <ul className="locks" aria-label="Locks of the store">
      {locks.map((lock) => (
        <li key={lock.id} data-stale={lock.stale}>
          <span className="lock-who">
            <b>{lock.problem !== null ? 'cannot be read' : lock.host === '' ? 'unnamed host' : lock.host}</b>
            <code title={lock.id}>{lock.id.slice(0, 8)}</code>
            {lock.problem === null ? <span className="tag">{lock.exclusive ? 'exclusive' : 'shared'}</span> : null}
          </span>
          <span className="lock-when">
            {lock.since === null ? (
              lock.problem
            ) : (
              <>
                renewed <RelativeTime at={lock.since} />, <LockState lock={lock} />
              </>
            )}
          </span>
          {forced === null || lock.stale ? null : (
            <label className="check">
              <input
                type="checkbox"
                checked={forced.includes(lock.id)}
                onChange={(event) => tick(lock.id, event.target.checked)}
                aria-label={`Remove lock ${lock.id.slice(0, 8)} too: whoever held it has ended`}
              />
              <span>Whoever held it has ended: remove it too</span>
            </label>
          )}
        </li>
      ))}
    </ul>
  );
}

function LockState({ lock }: { readonly lock: StoreLockDto }) {
  if (lock.stale) return <b>left behind</b>;
  return lock.staleFrom === null ? null : (
    <>
      counts until <FullTime at={lock.staleFrom} />
    </>
  );
}
