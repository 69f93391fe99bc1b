'use client';
import type { FindingDto } from '@wardrobe/contracts';
import { Check, CircleCheck, TriangleAlert } from 'lucide-react';
import { type ReactNode, type Ref, useId } from 'react';
import { Badge } from '../cells/badge.js';
import { isCell, type Kind } from '../cells/cell-icon.js';
import { Button } from '../controls/button.js';
import { Command } from '../controls/command.js';
import { Notice } from '../feedback/notice.js';
import { IdText } from '../foundation/id-text.js';
import { Anchor } from '../foundation/link.js';
import { FullTime } from '../foundation/time.js';
import { AffectedTable } from './affected-table.js';

export type FindingDetailProps = {
  readonly finding: FindingDto;
  /** Where its repair is planned and applied. */
  readonly mend?: ReactNode;
  /** Takes the decision about it back; null: the reader may not. */
  readonly onUndo?: (() => void) | null;
  readonly undoing?: boolean;
  readonly snapshotHref: (snapshot: FindingDto['affected'][number]) => string;
  readonly machineHref: (machineId: string) => string;
  readonly ref?: Ref<HTMLElement>;
};

/** Word on the badge of a finding of the store: "hidden-snapshot" reads "hidden snapshot". */
export function kindWord(kind: Kind): string {
  return isCell(kind) ? kind : kind.replaceAll('-', ' ');
}

/** One finding: what happened, how we know, what is affected, what to do. Stays readable after it is mended. */
export function FindingDetail({ finding, mend, onUndo = null, undoing = false, snapshotHref, machineHref, ref }: FindingDetailProps) {
  const titleId = useId();
  return (
    <article className="panel finding" ref={ref} tabIndex={-1} aria-labelledby={titleId}>
      <header>
        <div className="row-flex">
          <Badge kind={finding.kind} word={kindWord(finding.kind)} />
          <span className="faint mono" title="Id of this finding">
            {finding.id}
          </span>
          <span className="faint">
            first seen <FullTime at={finding.firstSeenAt} />
          </span>
        </div>
        <h2 id={titleId}>{finding.title}</h2>
      </header>
      {finding.endedAt ? (
        <Notice kind="success" fact="This finding is mended.">
          It ended on <FullTime at={finding.endedAt} />. What follows is what was known then.
        </Notice>
      ) : null}
      {finding.decision ? (
        <Notice
          kind="info"
          icon={CircleCheck}
          fact={`${finding.decision.by} decided to keep ${finding.affectedTotal === 1 ? 'it' : 'them'}.`}
          actions={
            onUndo === null ? null : (
              <Button small busy={undoing} onClick={onUndo}>
                Take it back
              </Button>
            )
          }
        >
          On <FullTime at={finding.decision.at} />. Nothing was written into the store, and the finding asks no more.
        </Notice>
      ) : null}
      <Section title="What happened">
        <p>
          <IdText text={finding.happened} />
        </p>
        <Machines finding={finding} hrefOf={machineHref} />
      </Section>
      {finding.evidence.length > 0 ? (
        <Section title="How we know">
          <Evidence evidence={finding.evidence} />
        </Section>
      ) : null}
      {finding.affected.length > 0 ? (
        <Section title="What is affected">
          <AffectedTable finding={finding} hrefOf={snapshotHref} />
        </Section>
      ) : null}
      <Section title="Next step">
        <p>
          <IdText text={finding.nextStep} />
        </p>
        {finding.endedAt === null && finding.decision === null ? mend : null}
        {finding.command ? (
          <>
            <p className="small-label">From a shell</p>
            <Command text={finding.command} />
          </>
        ) : null}
        {finding.afterwards ? (
          <p className="muted">
            <IdText text={finding.afterwards} />
          </p>
        ) : null}
      </Section>
    </article>
  );
}

function Section({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <div className="section">
      <h3>{title}</h3>
      <div>{children}</div>
    </div>
  );
}

function Evidence({ evidence }: { readonly evidence: FindingDto['evidence'] }) {
  return (
    <ul className="evidence">
      {evidence.map((fact) => (
        <li key={fact.sentence} data-ok={fact.ok}>
          {fact.ok ? <Check className="icon small" aria-hidden /> : <TriangleAlert className="icon small" aria-label="could not be proven:" />}
          <span>
            <IdText text={fact.sentence} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Machines({ finding, hrefOf }: { readonly finding: FindingDto; readonly hrefOf: (machineId: string) => string }) {
  if (finding.machines.length === 0) return null;
  return (
    <ul className="row-flex">
      {finding.machines.slice(0, 30).map((machine) => (
        <li key={machine.id}>
          <Anchor href={hrefOf(machine.id)}>{machine.name}</Anchor>
        </li>
      ))}
      {finding.machines.length > 30 ? <li className="faint">and {finding.machines.length - 30} more</li> : null}
    </ul>
  );
}
