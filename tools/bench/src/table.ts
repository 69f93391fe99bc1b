/** One measured figure beside its budget. */
export type Row = {
  readonly what: string;
  readonly value: number;
  readonly unit: 'ms' | 's' | 'MiB' | 'MB/s' | 'KB' | '';
  /** Largest value allowed; null where the issue names none. */
  readonly budget: number | null;
  readonly note?: string;
};

export type Section = { readonly title: string; readonly about?: string; readonly rows: readonly Row[] };

/** Markdown of all sections; what misses its budget says by how much. */
export function printTable(sections: readonly Section[]): string {
  return sections
    .map(({ title, about, rows }) =>
      [
        `### ${title}`,
        '',
        ...(about === undefined ? [] : [about, '']),
        '| what | measured | budget | | note |',
        '| --- | ---: | ---: | --- | --- |',
        ...rows.map(line),
        '',
      ].join('\n'),
    )
    .join('\n');
}

function line(row: Row): string {
  const budget = row.budget === null ? '' : `${amount(row.budget)} ${row.unit}`;
  return `| ${row.what} | ${amount(row.value)} ${row.unit} | ${budget} | ${verdict(row)} | ${row.note ?? ''} |`;
}

function verdict({ value, budget }: Row): string {
  if (budget === null) return '';
  return value <= budget ? 'met' : `**missed**, ${(value / budget).toFixed(1)} ×`;
}

function amount(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}
