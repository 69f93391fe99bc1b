'use client';
import type { JobDetailDto, JobPlanDto, ProblemDto } from '@wardrobe/contracts';
import { counted, figure } from '@wardrobe/words';
import { Clock, ListChecks, ShieldCheck } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from '../controls/button.js';
import { Command } from '../controls/command.js';
import { ErrorLine } from '../controls/field.js';
import { Notice } from '../feedback/notice.js';
import { IdText } from '../foundation/id-text.js';
import { FullTime, RelativeTime } from '../foundation/time.js';
import { PlanItems } from './plan-items.js';

export type Offer = JobPlanDto['offers'][number];

export type PlanViewProps = {
  /** A dry run that has ended, with its plan. */
  readonly job: JobDetailDto & { readonly plan: JobPlanDto };
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  /** Why the reader may not apply it; null: may. */
  readonly mayNot: string | null;
  readonly onAgain: () => void;
  readonly onApply: () => void;
  readonly onOffer: (offer: Offer) => void;
};

const OFFER: Readonly<Record<Offer, string>> = {
  undelete: 'Bring back deleted snapshots too',
  redelete: 'Delete again what a machine deleted',
  wait: 'Plan to wait for them',
  discardDamagedStates: 'Remove state files that nothing can rebuild',
};

/** What would happen, as a dry run: a read that changes nothing. Below it the commands that do the same. */
export function PlanView({ job, busy, problem, mayNot, onAgain, onApply, onOffer }: PlanViewProps) {
  const { plan } = job;
  const blocked = plan.refusal ?? mayNot;
  return (
    <div className="plan-all">
      <section className="plan" aria-label="Dry run">
        <header>
          <ListChecks className="icon" aria-hidden />
          Dry run
          <small>
            planned <RelativeTime at={plan.madeAt} />, nothing written
          </small>
        </header>
        <div className="plan-body">
          <p>
            <b>
              <IdText text={plan.sentence} />
            </b>
          </p>
          <Waits plan={plan} />
        </div>
        {plan.items.length > 0 ? <PlanItems plan={plan} /> : null}
        <Rest plan={plan} onOffer={onOffer} />
        <footer>
          <ShieldCheck className="icon small" aria-hidden />
          <span className="spread">
            {plan.note}
            {problem ? <ErrorLine>{`${problem.sentence} ${problem.next} Nothing was written.`}</ErrorLine> : null}
            {blocked === null ? null : <span className="why">{blocked}</span>}
          </span>
          <Button busy={busy} onClick={onAgain}>
            Dry run again
          </Button>
          <Button look={plan.destroys ? 'danger' : 'primary'} busy={busy} onClick={onApply} {...(blocked !== null && { unavailable: blocked })}>
            {plan.verb}
          </Button>
        </footer>
      </section>
      {plan.command === null ? null : (
        <>
          <p className="small-label">The same from a shell{plan.applyCommand === null ? '' : ': the dry run, and the doing'}</p>
          <Command text={[plan.command, plan.applyCommand].filter((line, at, all) => line !== null && all.indexOf(line) === at).join('\n')} />
        </>
      )}
    </div>
  );
}

function Waits({ plan }: { readonly plan: JobPlanDto }) {
  if (plan.waits.length === 0) return null;
  return (
    <ul className="plan-notes">
      {plan.waits.map((wait) => (
        <li key={`${wait.host} ${wait.until}`}>
          <Notice kind="warning" icon={Clock} fact={<IdText text={wait.sentence} />}>
            {wait.host === '' ? 'It' : `The lock of ${wait.host}`} counts until <FullTime at={wait.until} />.
          </Notice>
        </li>
      ))}
    </ul>
  );
}

/** What cannot be mended, what is left alone, and the choices that would change that. */
function Rest({ plan, onOffer }: { readonly plan: JobPlanDto; readonly onOffer: (offer: Offer) => void }) {
  if (plan.problems.length + plan.leftAlone.length + plan.offers.length === 0) return null;
  return (
    <div className="plan-body">
      {plan.problems.length === 0 ? null : (
        <Part title={`Cannot be mended with what is at hand: ${figure(plan.problems.length)}`}>
          {plan.problems.map((problem) => (
            <li key={`${problem.wrong} ${problem.why}`}>
              <p>
                <b>
                  <IdText text={problem.wrong} />
                </b>
              </p>
              <p className="muted">
                <IdText text={`${problem.why} ${problem.next}`} />
              </p>
              <Paths problem={problem} />
            </li>
          ))}
        </Part>
      )}
      {plan.leftAlone.length === 0 ? null : (
        <Part title={`Left as it is: ${figure(plan.leftAlone.length)}`}>
          {plan.leftAlone.map((left) => (
            <li key={`${left.what} ${left.why}`}>
              <p>
                <b>{left.what}</b>{' '}
                <span className="muted">
                  <IdText text={left.why} />
                </span>
              </p>
            </li>
          ))}
        </Part>
      )}
      {plan.offers.length === 0 ? null : (
        <div className="row-flex">
          {plan.offers.map((offer) => (
            <Button key={offer} small onClick={() => onOffer(offer)}>
              {OFFER[offer]}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}

function Paths({ problem }: { readonly problem: JobPlanDto['problems'][number] }) {
  if (problem.paths.length === 0) return null;
  return (
    <details>
      <summary>{counted(problem.pathsTotal, 'path is', 'paths are')} hit</summary>
      <ul className="plan-paths mono">
        {problem.paths.map((path) => (
          <li key={path}>{path}</li>
        ))}
      </ul>
      {problem.pathsTotal > problem.paths.length ? (
        <p className="fresh">{`${figure(problem.paths.length)} of ${figure(problem.pathsTotal)} are shown.`}</p>
      ) : null}
    </details>
  );
}

function Part({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div>
      <h3 className="small-label">{title}</h3>
      <ul className="plan-notes">{children}</ul>
    </div>
  );
}
