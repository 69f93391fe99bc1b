'use client';
import { LinkButton } from '@wardrobe/ui';
import { paths } from '@/lib/paths';

/** Work on the whole store; each begins with a dry run. */
export function Upkeep({ storeId }: { readonly storeId: string }) {
  return (
    <section className="panel" aria-labelledby="upkeep-title">
      <header>
        <h2 id="upkeep-title">Upkeep</h2>
      </header>
      <div className="body stack">
        <p className="prose">Each of these shows first what it would do. What writes into the store is a job that an admin starts.</p>
        <div className="row-flex">
          <LinkButton href={paths.newJob(storeId, 'check')}>Check</LinkButton>
          <LinkButton href={paths.newJob(storeId, 'repair')}>Repair</LinkButton>
          <LinkButton href={paths.newJob(storeId, 'prune')}>Prune</LinkButton>
          <LinkButton href={paths.newJob(storeId, 'maintenance')}>Maintenance</LinkButton>
          <LinkButton href={paths.newJob(storeId, 'sync')}>Synchronise</LinkButton>
          <LinkButton href={paths.newJob(storeId, 'locks')}>Locks</LinkButton>
        </div>
      </div>
    </section>
  );
}
