'use client';
import type { JobDto } from '@wardrobe/contracts';
import { figure, spanWord } from '@wardrobe/words';
import { Check, CircleSlash, Clock, LoaderCircle, type LucideIcon, OctagonX, Square } from 'lucide-react';
import { useId, useState } from 'react';
import { Button, LinkButton } from '../controls/button.js';
import { Command } from '../controls/command.js';
import { useNow } from '../foundation/clock.js';
import { type Times, UTC_TIMES } from '../foundation/times.js';
import { useTimes } from '../foundation/times-provider.js';

const ICON: Readonly<Record<JobDto['state'], LucideIcon>> = {
  queued: Clock,
  running: LoaderCircle,
  done: Check,
  failed: OctagonX,
  cancelled: Square,
  interrupted: CircleSlash,
};

export type JobListProps = {
  readonly jobs: readonly JobDto[];
  readonly storeName: (storeId: string) => string | null;
  readonly onCancel: ((job: JobDto) => void) | null;
  /** Page of a dry run's plan, or of a job that can be planned again; null: it has none. */
  readonly hrefOf?: (job: JobDto) => string | null;
  readonly label?: string;
};

/** Work of the server: running first, each with progress, log and, when it failed, the reason. */
export function JobList({ jobs, storeName, onCancel, hrefOf, label = 'Jobs' }: JobListProps) {
  return (
    <section className="panel jobs" aria-label={label} data-list tabIndex={-1}>
      {jobs.map((job) => (
        <Job
          key={job.id}
          job={job}
          ahead={aheadOf(job, jobs)}
          store={job.storeId === null ? null : storeName(job.storeId)}
          onCancel={onCancel}
          href={hrefOf?.(job) ?? null}
        />
      ))}
    </section>
  );
}

type JobProps = {
  readonly job: JobDto;
  readonly ahead: number;
  readonly store: string | null;
  readonly onCancel: JobListProps['onCancel'];
  readonly href: string | null;
};

function Job({ job, ahead, store, onCancel, href }: JobProps) {
  const id = useId();
  const now = useNow();
  const times = useTimes();
  const [log, setLog] = useState(false);
  const Icon = ICON[job.state];
  const open = job.state === 'running' || job.state === 'queued';
  const name = nameOf(job);
  return (
    <article className="job" aria-labelledby={`${id}-t`}>
      <div className="job-head">
        <span className="job-mark" data-state={job.state}>
          <Icon className={`icon${job.state === 'running' ? ' spin' : ''}`} aria-hidden />
        </span>
        <div className="spread">
          <h2 id={`${id}-t`}>{store && !name.includes(store) ? `${name} · ${store}` : name}</h2>
          <p>{factsOf(job, now, { times, ahead }).join(' · ')}</p>
          {job.phase === null ? null : <p>{job.phase}</p>}
          {job.outcome ? (
            <p>
              <b>{job.outcome}</b>
            </p>
          ) : null}
          {job.problem ? (
            <p>
              <b>{job.problem.sentence}</b> {job.problem.next}
            </p>
          ) : null}
        </div>
        {href === null ? null : (
          <LinkButton small href={href} aria-label={`${linkWord(job)}: ${name}`}>
            {linkWord(job)}
          </LinkButton>
        )}
        {job.log.length > 0 || job.command !== null ? (
          <Button
            small
            look={open ? 'plain' : 'quiet'}
            aria-expanded={log}
            aria-controls={`${id}-l`}
            aria-label={`Log of ${name}`}
            onClick={() => setLog(!log)}
          >
            Log
          </Button>
        ) : null}
        {open && onCancel ? (
          <Button small aria-label={`Cancel ${name}`} onClick={() => onCancel(job)}>
            <Square className="icon small" aria-hidden />
            Cancel
          </Button>
        ) : null}
      </div>
      {job.state === 'running' ? (
        <progress className="bar" aria-label={name} {...(job.total !== null && job.total > 0 && { value: Math.min(job.done, job.total), max: job.total })} />
      ) : null}
      {log ? (
        <div id={`${id}-l`} className="plan-all">
          <textarea
            className="log"
            readOnly
            rows={Math.min(12, job.log.length + 1)}
            aria-label={`Log of ${name}`}
            value={job.log.length === 0 ? 'It has written nothing into its log.' : job.log.join('\n')}
          />
          {job.command === null ? null : <Command text={job.command} />}
        </div>
      ) : null}
    </article>
  );
}

function linkWord(job: JobDto): string {
  if (job.dryRun) return 'Plan';
  return job.state === 'done' ? 'Show' : job.state === 'queued' || job.state === 'running' ? 'Show' : 'Plan again';
}

/** "Dry run: Repair the store". */
function nameOf(job: JobDto): string {
  return job.dryRun ? `Dry run: ${job.label}` : job.label;
}

/** Jobs of the same store that run or were asked for earlier. */
function aheadOf(job: JobDto, jobs: readonly JobDto[]): number {
  if (job.state !== 'queued') return 0;
  return jobs.filter(
    (other) =>
      other.storeId === job.storeId &&
      other.dryRun === job.dryRun &&
      other.kind !== 'refresh' &&
      (other.state === 'running' || (other.state === 'queued' && Number(other.id) < Number(job.id))),
  ).length;
}

/** State, who and when, how far, how long it still takes by the rate so far. */
export function factsOf(
  job: JobDto,
  nowMs: number,
  { times = UTC_TIMES, ahead = 0 }: { readonly times?: Times; readonly ahead?: number } = {},
): readonly string[] {
  const facts: string[] = [];
  const started = job.startedAt === null ? null : Date.parse(job.startedAt);
  const ended = job.endedAt === null ? null : Date.parse(job.endedAt);
  if (job.state === 'queued') facts.push(ahead === 0 ? 'waiting' : `waiting for ${figure(ahead)} before it`, `asked for by ${job.startedBy}`);
  else if (started !== null && job.state === 'running') facts.push(`started ${times.clock(started)} by ${job.startedBy}`);
  else if (ended !== null)
    facts.push(`${job.state} ${times.clock(ended)}${started === null ? '' : ` after ${spanWord(ended - started)}`}`, `by ${job.startedBy}`);
  else facts.push(job.state);
  if (job.state !== 'done' && job.total !== null && job.total > 0) facts.push(`${figure(job.done)} of ${figure(job.total)}`);
  if (job.state === 'running' && started !== null && job.total !== null && job.done > 0 && nowMs - started > 3000)
    facts.push(`about ${spanWord(((nowMs - started) / job.done) * (job.total - job.done))} left`);
  return facts;
}
