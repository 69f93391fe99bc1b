'use client';
import { useQuery } from '@tanstack/react-query';
import type { MachineDetailDto } from '@wardrobe/contracts';
import {
  Anchor,
  CacheTable,
  Deltas,
  differing,
  isOldTool,
  LinkButton,
  LoadingRows,
  MachineCells,
  Notice,
  PageHead,
  ProblemState,
  RelativeTime,
  Strip,
  StripProvider,
  useKeys,
  useListKeys,
  useNow,
  VERDICT_WORD,
  VerdictMark,
} from '@wardrobe/ui';
import { figure, isDivergent } from '@wardrobe/words';
import { useRouter } from 'next/navigation';
import { paths } from '@/lib/paths';
import { Page } from '@/shell/page';
import { StoreNotices } from '@/shell/store-notices';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';
import { MachineActions } from './machine-actions';

type Ids = { readonly storeId: string; readonly machineId: string };

/** One machine: verdict and cause, its caches, every snapshot on which it differs. */
export function MachineView({ storeId, machineId }: Ids) {
  const trpc = useTRPC();
  const router = useRouter();
  const machine = useQuery(trpc.machines.get.queryOptions({ storeId, machineId }));
  useListKeys();
  useKeys({ Escape: () => router.push(paths.machines(storeId)) });
  if (machine.data === undefined) {
    return (
      <Page>
        <PageHead sentence={machine.error ? 'This machine cannot be shown.' : 'Reading what the machine reported.'} />
        <section className="panel">
          {machine.error ? (
            <ProblemState
              problem={problemOf(machine.error)}
              onRetry={() => void machine.refetch()}
              actions={<LinkButton href={paths.machines(storeId)}>See all machines</LinkButton>}
            />
          ) : (
            <LoadingRows what="what the machine reported" />
          )}
        </section>
      </Page>
    );
  }
  return (
    <Page>
      <nav className="crumbs" aria-label="Breadcrumb">
        <Anchor href={paths.machines(storeId)}>Machines</Anchor>
        <span aria-hidden>/</span>
        <b>{machine.data.name}</b>
      </nav>
      <PageHead
        sentence={sentenceOf(machine.data)}
        fresh={
          <span className="fresh">
            Last report <RelativeTime at={machine.data.lastReportAt} />
          </span>
        }
        actions={<MachineActions storeId={storeId} machine={machine.data} />}
      >
        {machine.data.verdict === 'in-sync' ? machine.data.cause : `${machine.data.cause}. ${machine.data.nextStep}`.replace('..', '.')}
      </PageHead>
      <StoreNotices storeId={storeId} />
      {machine.data.retired ? (
        <Notice kind="info" fact="This machine is retired.">
          It is not counted and blocks nothing.
        </Notice>
      ) : null}
      {isOldTool(machine.data.tool) ? (
        <Notice kind="warning" fact={`${machine.data.tool} can leave snapshots that only this machine lists.`}>
          It writes its local state before the one of the store. Update plakar on {machine.data.name} to 1.0.6 or later.
        </Notice>
      ) : null}
      <Facts storeId={storeId} machine={machine.data} />
      <MachineCells machine={machine.data} hrefOf={(snapshotId) => paths.explore(storeId, snapshotId)} />
      <CacheTable machine={machine.data} />
    </Page>
  );
}

function sentenceOf(machine: MachineDetailDto): string {
  const differs = differing(machine.counts).reduce((sum, [, count]) => sum + count, 0);
  if (machine.verdict === 'in-sync') return `${machine.name} agrees with the store.`;
  if (machine.verdict === 'unknown') return `Nothing fresh is known about ${machine.name}.`;
  return `${machine.name} ${machine.verdict === 'behind' ? 'is behind' : 'has diverged'} on ${figure(differs)} ${differs === 1 ? 'snapshot' : 'snapshots'}.`;
}

function Facts({ storeId, machine }: { readonly storeId: string; readonly machine: MachineDetailDto }) {
  const trpc = useTRPC();
  const now = useNow();
  const list = useQuery(trpc.machines.list.queryOptions({ storeId }));
  const listed = list.data?.machines.some((one) => one.id === machine.id) ?? false;
  const history = differing(machine.counts)
    .map(([cell, count]) => `${figure(count)} ${cell}`)
    .join(', ');
  return (
    <section className="panel" aria-label={`Facts about ${machine.name}`}>
      <div className="body">
        <dl className="kv">
          <dt>Verdict</dt>
          <dd className="row-flex">
            <VerdictMark verdict={machine.verdict} worst={machine.worst} />
            {isDivergent(machine.worst) ? (
              <Anchor href={paths.divergence(storeId)}>Show its findings</Anchor>
            ) : (
              <span className="sr">{VERDICT_WORD[machine.verdict]}</span>
            )}
          </dd>
          <dt>Differs by</dt>
          <dd>
            <Deltas counts={machine.counts} />
          </dd>
          {list.data && listed ? (
            <>
              <dt>History</dt>
              <dd>
                <StripProvider page={list.data} nowMs={now}>
                  <Strip machineId={machine.id} label={history === '' ? 'all seen' : history} />
                </StripProvider>
              </dd>
            </>
          ) : null}
          <dt>Host</dt>
          <dd>{machine.hostName}</dd>
          <dt>System</dt>
          <dd>{machine.os}</dd>
          <dt>Tool</dt>
          <dd>{machine.tool}</dd>
          <dt>Machine id</dt>
          <dd>
            <code>{machine.id}</code>
          </dd>
        </dl>
      </div>
    </section>
  );
}
