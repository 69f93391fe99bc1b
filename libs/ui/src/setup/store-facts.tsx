import { BookOpen, GitFork, ShieldCheck, WifiOff } from 'lucide-react';

/** What connecting a store does and does not do. */
export function StoreFacts() {
  return (
    <>
      <h2>What happens now</h2>
      <ul>
        <li>
          <BookOpen className="icon" aria-hidden />
          <span>
            <b>Reads state files, once.</b> Later readings take only what is new. File contents are not read.
          </span>
        </li>
        <li>
          <ShieldCheck className="icon" aria-hidden />
          <span>
            <b>Writes nothing.</b> What changes a store later is a job that an admin starts, with its dry run first.
          </span>
        </li>
        <li>
          <GitFork className="icon" aria-hidden />
          <span>
            <b>Finds hidden snapshots at once.</b> To see which machine knows what, add machines in step 3.
          </span>
        </li>
        <li>
          <WifiOff className="icon" aria-hidden />
          <span>
            <b>Talks to this store only.</b> No other host, no account elsewhere, no telemetry.
          </span>
        </li>
      </ul>
    </>
  );
}
