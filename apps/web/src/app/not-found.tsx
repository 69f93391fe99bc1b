import type { Metadata } from 'next';
import Link from 'next/link';

export const metadata: Metadata = { title: 'Not found' };

export default function NotFound() {
  return (
    <main id="main" className="page setup narrow">
      <section className="panel">
        <div className="center-state">
          <h1 className="text-md font-semibold text-ink">There is no page at this address.</h1>
          <p>It may have been typed wrong, or the store or machine was removed.</p>
          <Link className="btn" href="/">
            See all stores
          </Link>
        </div>
      </section>
    </main>
  );
}
