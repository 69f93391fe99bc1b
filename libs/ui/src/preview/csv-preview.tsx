'use client';
import { counted, figure } from '@wardrobe/words';
import Papa from 'papaparse';
import { useMemo, useState } from 'react';
import { Button } from '../controls/button.js';
import { SCROLLS } from './code-view.js';
import { PartNotice } from './part-notice.js';
import { plainText } from './plain-text.js';
import type { ContentReader, TextAnswer } from './reader.js';

const STEP = 300;
const MOST_COLUMNS = 60;

/** Comma, semicolon or tab separated values as a table; the first line gives the heads. */
export function CsvPreview({ reader, answer }: { readonly reader: ContentReader; readonly answer: TextAnswer }) {
  const [shown, setShown] = useState(STEP);
  const { head, rows, columns } = useMemo(() => parse(answer), [answer]);
  if (columns === 0) return <p className="part-notice">The file is empty.</p>;
  const kept = Math.min(columns, MOST_COLUMNS);
  return (
    <section className="preview-scroll" aria-label="Table" {...SCROLLS}>
      <table className="tbl csv">
        <caption className="sr">
          {counted(rows.length, 'row')}, {counted(columns, 'column')}
        </caption>
        <thead>
          <tr>
            {Array.from({ length: kept }, (_, column) => (
              <th key={column} scope="col">
                {head[column] ?? ''}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((row, index) => (
            <tr key={index}>
              {Array.from({ length: kept }, (_, column) => (
                <td key={column} className={isNumber(row[column]) ? 'num' : undefined}>
                  {row[column] ?? ''}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {columns > kept ? (
        <p className="part-notice">
          The first {figure(kept)} of {figure(columns)} columns.
        </p>
      ) : null}
      {rows.length > shown ? (
        <p className="part-notice">
          <span>
            {figure(shown)} of {figure(rows.length)} rows.
          </span>
          <Button small onClick={() => setShown(shown + STEP)}>
            Show {figure(Math.min(STEP, rows.length - shown))} more
          </Button>
        </p>
      ) : null}
      {answer.truncated ? <PartNotice shownBytes={1024 * 1024} sizeBytes={reader.sizeBytes} downloadUrl={reader.downloadUrl} /> : null}
    </section>
  );
}

function parse(answer: TextAnswer): { head: readonly string[]; rows: readonly (readonly string[])[]; columns: number } {
  const { data } = Papa.parse<string[]>(plainText(answer), { skipEmptyLines: true, delimitersToGuess: [',', ';', '\t', '|'] });
  // The last line of a cut file is cut too.
  const whole = answer.truncated ? data.slice(0, -1) : data;
  const [head = [], ...rows] = whole;
  return { head, rows, columns: whole.reduce((most, row) => Math.max(most, row.length), 0) };
}

function isNumber(value: string | undefined): boolean {
  return value !== undefined && /^-?[\d.,\s]*\d%?$/.test(value);
}
