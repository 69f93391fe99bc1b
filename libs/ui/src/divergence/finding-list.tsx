'use client';
import type { FindingDto } from '@wardrobe/contracts';
import { CellIcon, lookOf } from '../cells/cell-icon.js';
import { Anchor } from '../foundation/link.js';

export const SECTIONS = ['decision', 'unknown', 'heals', 'decided', 'mended'] as const satisfies readonly FindingDto['section'][];
const TITLE: Readonly<Record<FindingDto['section'], string>> = {
  decision: 'Needs a decision',
  unknown: 'Unknown',
  heals: 'Heals by itself',
  decided: 'Decided',
  mended: 'Mended',
};

/** In the order they are listed: by section, then as the server ranks them. */
export function listedFindings(findings: readonly FindingDto[]): readonly FindingDto[] {
  return SECTIONS.flatMap((section) => findings.filter((finding) => finding.section === section));
}

export type FindingListProps = {
  readonly findings: readonly FindingDto[];
  readonly current: string | null;
  readonly hrefOf: (id: string) => string;
  readonly onOpen: (id: string) => void;
};

/** Findings by what they ask of people; the open one is marked. */
export function FindingList({ findings, current, hrefOf, onOpen }: FindingListProps) {
  return (
    <nav className="panel finding-list" data-list tabIndex={-1} aria-label="Findings, worst first">
      {SECTIONS.map((section) => {
        const list = findings.filter((finding) => finding.section === section);
        if (list.length === 0) return null;
        return (
          <section key={section} aria-label={TITLE[section]}>
            <h2>{TITLE[section]}</h2>
            <ul>
              {list.map((finding) => (
                <li key={finding.id} data-cell={lookOf(finding.kind)}>
                  <Anchor
                    className="finding-item rowlink"
                    href={hrefOf(finding.id)}
                    aria-current={finding.id === current ? 'true' : undefined}
                    onClick={(event) => {
                      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
                      event.preventDefault();
                      onOpen(finding.id);
                    }}
                  >
                    <CellIcon kind={finding.kind} />
                    <span>
                      {finding.title}
                      <small>{finding.subtitle}</small>
                    </span>
                  </Anchor>
                </li>
              ))}
            </ul>
          </section>
        );
      })}
    </nav>
  );
}
