'use client';
import type { StoreDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { CircleDashed, ClockAlert, CloudOff, FileWarning, LoaderCircle, Lock, LockOpen, type LucideIcon } from 'lucide-react';
import { VerdictMark } from '../cells/badge.js';
import { LinkButton } from '../controls/button.js';
import { useNow } from '../foundation/clock.js';
import { bytesWord } from '../foundation/format.js';
import { Anchor } from '../foundation/link.js';
import { RelativeTime } from '../foundation/time.js';
import { type Condition, conditionWord, rankedStores } from './condition.js';
import { MiniRail } from './mini-rail.js';

export type StoreHrefs = { readonly open: (id: string) => string; readonly unlock: (id: string) => string; readonly findings: (id: string) => string };

/** Stores, those that need a look first. */
export function StoresTable({ stores, hrefs }: { readonly stores: readonly StoreDto[]; readonly hrefs: StoreHrefs }) {
  const now = useNow();
  return (
    <section className="panel" aria-label="Stores">
      <table className="tbl stores" data-list tabIndex={-1}>
        <caption className="sr">Stores, those that need a look first</caption>
        <thead>
          <tr>
            <th scope="col">Store</th>
            <th scope="col">Condition and cause</th>
            <th scope="col">Machines</th>
            <th scope="col" className="num snapshots">
              Snapshots
            </th>
            <th scope="col" className="num size">
              Size
            </th>
            <th scope="col" className="num">
              Last read
            </th>
            <th scope="col">
              <span className="sr">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rankedStores(stores, now).map(({ store, condition }) => (
            <StoreLine key={store.id} store={store} condition={condition} hrefs={hrefs} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function StoreLine({ store, condition, hrefs }: { readonly store: StoreDto; readonly condition: Condition; readonly hrefs: StoreHrefs }) {
  const LockIcon = store.encrypted ? Lock : LockOpen;
  const unread = store.lastReadAt === null;
  return (
    <tr>
      <th scope="row" className="name">
        <span className="row-flex">
          <LockIcon className="icon small" aria-hidden />
          <span className="sr">{store.encrypted ? 'encrypted: ' : 'not encrypted: '}</span>
          <Anchor className="rowlink" href={hrefs.open(store.id)}>
            {store.name}
          </Anchor>
        </span>
        <span className="why mono cut" title={store.location}>
          {store.location}
        </span>
      </th>
      <td className="cond">
        <ConditionMark condition={condition} />
        <span className="why">{condition.cause}</span>
      </td>
      <td className="fleet">
        <Fleet store={store} old={condition.kind === 'offline' || condition.kind === 'stale' || condition.kind === 'locked'} />
      </td>
      <td className="num snapshots">
        {unread ? <span className="faint">unknown</span> : figure(store.counts.snapshots)}
        <span className="only-phone faint"> snapshots</span>
      </td>
      <td className="num size">{store.logicalBytes === null ? <span className="faint">unknown</span> : bytesWord(store.logicalBytes)}</td>
      <td className="num read">
        <RelativeTime at={store.lastReadAt} />
      </td>
      <td className="act">
        <Act store={store} condition={condition} hrefs={hrefs} />
      </td>
    </tr>
  );
}

function Fleet({ store, old }: { readonly store: StoreDto; readonly old: boolean }) {
  if (store.counts.machines === 0) return <span className="faint">none reports yet</span>;
  return (
    <>
      <MiniRail counts={store.counts} old={old} />
      <span className="why">
        {`${figure(store.counts.inSync)} of ${figure(store.counts.machines)} machines ${old ? 'agreed' : 'agree'}`}
        {old && store.lastReadAt ? (
          <>
            , <RelativeTime at={store.lastReadAt} />
          </>
        ) : null}
      </span>
    </>
  );
}

function Act({ store, condition, hrefs }: { readonly store: StoreDto; readonly condition: Condition; readonly hrefs: StoreHrefs }) {
  if (condition.kind === 'locked')
    return (
      <LinkButton small href={hrefs.unlock(store.id)} aria-label={`Unlock ${store.name}`}>
        Unlock
      </LinkButton>
    );
  if (condition.kind === 'damaged')
    return (
      <LinkButton small href={hrefs.findings(store.id)} aria-label={`Show findings of ${store.name}`}>
        Show findings
      </LinkButton>
    );
  return (
    <LinkButton small look="quiet" href={hrefs.open(store.id)} aria-label={`Open ${store.name}`}>
      Open
    </LinkButton>
  );
}

const MARKS: Partial<Readonly<Record<Condition['kind'], { readonly icon: LucideIcon; readonly look: 'danger' | 'warning' | 'muted' }>>> = {
  damaged: { icon: FileWarning, look: 'danger' },
  offline: { icon: CloudOff, look: 'warning' },
  stale: { icon: ClockAlert, look: 'warning' },
  locked: { icon: Lock, look: 'muted' },
  'no-machines': { icon: CircleDashed, look: 'muted' },
  'never-read': { icon: LoaderCircle, look: 'muted' },
  reading: { icon: LoaderCircle, look: 'muted' },
};

export function ConditionMark({ condition }: { readonly condition: Condition }) {
  const { kind } = condition;
  const mark = MARKS[kind];
  if (mark) {
    const Icon = mark.icon;
    return (
      <span className="condition" data-kind={mark.look}>
        <Icon className={kind === 'reading' ? 'icon spin' : 'icon'} aria-hidden />
        {conditionWord(kind)}
      </span>
    );
  }
  return kind === 'diverged' || kind === 'unknown' || kind === 'behind' || kind === 'in-sync' ? <VerdictMark verdict={kind} /> : null;
}
