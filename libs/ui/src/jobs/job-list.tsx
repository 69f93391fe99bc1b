'use client';
import type { JobDto } from '@wardrobe/contracts';
import { figure, spanWord } from '@wardrobe/words';
import { Check, Clock, LoaderCircle, type LucideIcon, OctagonX, Square } from 'lucide-react';
import { useId, useState } from 'react';
import { Button } from '../controls/button.js';
import { useNow } from '../foundation/clock.js';
import { type Times, UTC_TIMES } from '../foundation/times.js';
import { useTimes } from '../foundation/times-provider.js';

const ICON: Readonly<Record<JobDto['state'], LucideIcon>> = { queued: Clock, running: LoaderCircle, done: Check, failed: OctagonX, cancelled: Square };

export type JobListProps = {
  readonly jobs: readonly JobDto[];
  readonly storeName: (storeId: string) => string | null;
  readonly onCancel: ((job: JobDto) => void) | null;
};

/** Work of the server: running first, each with progress, log and, when it failed, the reason. */
export function JobList({ jobs, storeName, onCancel }: JobListProps) {
  return (
    <section className="panel jobs" aria-label="Jobs" data-list tabIndex={-1}>
      {jobs.map((job) => (
        <Job key={job.id} job={job} store={job.storeId === null ? null : storeName(job.storeId)} onCancel={onCancel} />
      ))}
    </section>
  );
}

function Job({ job, store, onCancel }: { readonly job: JobDto; readonly store: string | null; readonly onCancel: JobListProps['onCancel'] }) {
  const id = useId();
  const now = useNow();
  const times = useTimes();
  const [log, setLog] = useState(false);
  const Icon = ICON[job.state];
  const open = job.state === 'running' || job.state === 'queued';
  return (
    <article className="job" aria-labelledby={`${id}-t`}>
      <div className="job-head">
        <span className="job-mark" data-state={job.state}>
          <Icon className={`icon${job.state === 'running' ? ' spin' : ''}`} aria-hidden />
        </span>
        <div className="spread">
          <h2 id={`${id}-t`}>{store && !job.label.includes(store) ? `${job.label} · ${store}` : job.label}</h2>
          <p>{factsOf(job, now, times).join(' · ')}</p>
          {job.problem ? (
            <p>
              <b>{job.problem.sentence}</b> {job.problem.next}
            </p>
          ) : null}
        </div>
        {job.log.length > 0 ? (
          <Button
            small
            look={open ? 'plain' : 'quiet'}
            aria-expanded={log}
            aria-controls={`${id}-l`}
            aria-label={`Log of ${job.label}`}
            onClick={() => setLog(!log)}
          >
            Log
          </Button>
        ) : null}
        {open && onCancel ? (
          <Button small aria-label={`Cancel ${job.label}`} onClick={() => onCancel(job)}>
            <Square className="icon small" aria-hidden />
            Cancel
          </Button>
        ) : null}
      </div>
      {job.state === 'running' ? (
        <progress className="bar" aria-label={job.label} {...(job.total !== null && job.total > 0 && { value: job.done, max: job.total })} />
      ) : null}
      {log ? (
        <textarea
          className="log"
          id={`${id}-l`}
          readOnly
          rows={Math.min(12, job.log.length + 1)}
          aria-label={`Log of ${job.label}`}
          value={job.log.join('\n')}
        />
      ) : null}
    </article>
  );
}

/** State, who and when, how far, how long it still takes by the rate so far. */
export function factsOf(job: JobDto, nowMs: number, times: Times = UTC_TIMES): readonly string[] {
  const facts: string[] = [];
  const started = job.startedAt === null ? null : Date.parse(job.startedAt);
  const ended = job.endedAt === null ? null : Date.parse(job.endedAt);
  if (job.state === 'queued') facts.push('waiting');
  else if (started !== null && job.state === 'running') facts.push(`started ${times.clock(started)} by ${job.startedBy}`);
  else if (ended !== null)
    facts.push(`${job.state} ${times.clock(ended)}${started === null ? '' : ` after ${spanWord(ended - started)}`}`, `by ${job.startedBy}`);
  else facts.push(job.state);
  if (job.state !== 'done' && job.total !== null && job.total > 0) facts.push(`${figure(job.done)} of ${figure(job.total)}`);
  if (job.state === 'running' && started !== null && job.total !== null && job.done > 0 && nowMs - started > 3000)
    facts.push(`about ${spanWord(((nowMs - started) / job.done) * (job.total - job.done))} left`);
  return facts;
}
