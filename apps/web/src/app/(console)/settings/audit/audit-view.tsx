'use client';
import { useInfiniteQuery } from '@tanstack/react-query';
import { AuditTable, Button, EmptyState, LoadingRows, ProblemState } from '@wardrobe/ui';
import { ScrollText } from 'lucide-react';
import { useTRPC, useTRPCClient } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

const PAGE = 200;

/** Who did what, newest first, older entries on demand. */
export function AuditView() {
  const trpc = useTRPC();
  const client = useTRPCClient();
  const audit = useInfiniteQuery({
    queryKey: [...trpc.audit.pathKey(), 'pages'],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam }) => client.audit.list.query({ limit: PAGE, ...(pageParam !== undefined && { before: pageParam }) }),
    getNextPageParam: (last) => (last.length === PAGE ? last.at(-1)?.id : undefined),
  });
  if (audit.data === undefined)
    return (
      <section className="panel">
        {audit.error ? <ProblemState problem={problemOf(audit.error)} onRetry={() => void audit.refetch()} /> : <LoadingRows what="the audit log" rows={5} />}
      </section>
    );
  const entries = audit.data.pages.flat();
  return (
    <section className="panel" aria-label="Audit log">
      {entries.length === 0 ? (
        <EmptyState icon={ScrollText} fact="Nothing was done yet.">
          Sign-ins, stores, tokens, people and machines leave an entry here.
        </EmptyState>
      ) : (
        <AuditTable entries={entries} />
      )}
      {audit.hasNextPage ? (
        <p className="no-match">
          <Button small busy={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
            Show older entries
          </Button>
        </p>
      ) : null}
    </section>
  );
}
