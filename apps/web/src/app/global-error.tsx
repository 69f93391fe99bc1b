'use client';
import './globals.css';

/** The frame itself could not be drawn. */
export default function GlobalError({ error }: { readonly error: Error & { readonly digest?: string } }) {
  return (
    <html lang="en">
      <body>
        <title>Wardrobe</title>
        <main className="page setup narrow">
          <section className="panel">
            <div className="center-state" role="alert">
              <h1 className="text-md font-semibold text-ink">The console cannot be drawn.</h1>
              <p>Nothing was changed.{error.digest ? ` The log of the server has it under ${error.digest}.` : ''}</p>
              <a className="btn" href="/">
                Open it again
              </a>
            </div>
          </section>
        </main>
      </body>
    </html>
  );
}
