'use client';
import type { FindingDto, ProblemDto } from '@wardrobe/contracts';
import { figure } from '@wardrobe/words';
import { ListChecks, ShieldCheck } from 'lucide-react';
import { Button } from '../controls/button.js';
import { ErrorLine } from '../controls/field.js';
import { RelativeTime } from '../foundation/time.js';

export type PlanProps = {
  readonly plan: NonNullable<FindingDto['plan']>;
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  readonly onAgain: () => void;
};

/** What mending would write, as a dry run: a read that changes nothing. */
export function Plan({ plan, busy, problem, onAgain }: PlanProps) {
  return (
    <div className="plan">
      <header>
        <ListChecks className="icon" aria-hidden />
        Dry run
        <small>
          planned <RelativeTime at={plan.madeAt} />, nothing written
        </small>
      </header>
      <table className="tbl">
        <caption className="sr">Planned writes</caption>
        <thead>
          <tr>
            <th scope="col">Step</th>
            <th scope="col">File in the store</th>
            <th scope="col" className="num">
              Bytes
            </th>
            <th scope="col" className="only-wide">
              Effect
            </th>
          </tr>
        </thead>
        <tbody>
          {plan.steps.map((step) => (
            <tr key={`${step.step} ${step.file}`}>
              <td className="nowrap">{step.step}</td>
              <td className="break-all">
                <code>{step.file}</code>
              </td>
              <td className="num">{step.bytes === null ? '' : figure(step.bytes)}</td>
              <td className="only-wide">{step.effect}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <footer>
        <ShieldCheck className="icon small" aria-hidden />
        <span className="spread">
          {plan.note} This release shows the plan; it does not write to stores.
          {problem ? <ErrorLine>{`${problem.sentence} ${problem.next} Nothing was written.`}</ErrorLine> : null}
        </span>
        <Button busy={busy} onClick={onAgain}>
          Dry run again
        </Button>
      </footer>
    </div>
  );
}
