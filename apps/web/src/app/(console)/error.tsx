'use client';
import { Button, LinkButton } from '@wardrobe/ui';
import { Page } from '@/shell/page';

/** A page that could not be drawn. The number leads to the entry in the server's log; nothing else of the failure is shown. */
export default function PageError({ error, reset }: { readonly error: Error & { readonly digest?: string }; readonly reset: () => void }) {
  return (
    <Page>
      <section className="panel">
        <div className="center-state" role="alert">
          <h1 className="text-md font-semibold text-ink">This page cannot be drawn.</h1>
          <p>The rest of the console works. Nothing was changed.{error.digest ? ` The log of the server has it under ${error.digest}.` : ''}</p>
          <div className="row-flex">
            <Button onClick={reset}>Draw it again</Button>
            <LinkButton href="/">See all stores</LinkButton>
          </div>
        </div>
      </section>
    </Page>
  );
}
