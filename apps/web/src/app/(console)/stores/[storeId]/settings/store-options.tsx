'use client';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { StoreDto } from '@wardrobe/contracts';
import { Button, ErrorLine, type OptionValues, StoreOptionFields, useToast } from '@wardrobe/ui';
import { type FormEvent, useState } from 'react';
import { useTRPC } from '@/trpc/client';
import { problemOf } from '@/trpc/problem';

/** New options for a store on the network, for example a key that was renewed. What is kept is never shown. */
export function StoreOptions({ store }: { readonly store: StoreDto }) {
  const trpc = useTRPC();
  const client = useQueryClient();
  const toast = useToast();
  const kinds = useQuery(trpc.stores.kinds.queryOptions());
  const [values, setValues] = useState<OptionValues>({});
  const update = useMutation(
    trpc.stores.update.mutationOptions({
      onSuccess: () => {
        setValues({});
        toast({ kind: 'success', text: 'The options are saved, and open the store.' });
        void client.invalidateQueries({ queryKey: trpc.stores.pathKey() });
      },
    }),
  );
  const scheme = store.location.slice(0, store.location.indexOf(':'));
  const kind = kinds.data?.find(({ schemes }) => schemes.includes(scheme));
  if (kind === undefined || kind.options.length === 0) return null;
  const problem = update.error ? problemOf(update.error) : null;
  function submit(event: FormEvent): void {
    event.preventDefault();
    if (Object.keys(values).length > 0) update.mutate({ storeId: store.id, options: values });
  }
  return (
    <section className="panel" aria-labelledby="options-title">
      <header>
        <h2 id="options-title">Options of {kind.title}</h2>
      </header>
      <div className="body">
        <form className="form plain" onSubmit={submit}>
          <p>What is kept is not shown. Fill in what shall change; the store is opened with it before it is saved.</p>
          <StoreOptionFields kept options={kind.options} values={values} onChange={setValues} />
          {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
          <div className="row-flex">
            <Button type="submit" look="primary" busy={update.isPending}>
              Save options
            </Button>
          </div>
        </form>
      </div>
    </section>
  );
}
