/**
 * Roles of a grid whose rows stand at computed places, which table elements cannot. One element has the focus (`aria-activedescendant`), so rows
 * and cells are not stops of the keyboard.
 */
/** The grid itself; `rowCount` includes the head. */
export function gridRole({ label, rowCount, activeId }: { readonly label: string; readonly rowCount: number; readonly activeId: string | undefined }) {
  return { role: 'grid', tabIndex: 0, 'aria-label': label, 'aria-rowcount': rowCount, 'aria-colcount': 4, 'aria-activedescendant': activeId } as const;
}

export const ROW_GROUP = { role: 'rowgroup' } as const;
export const CELL = { role: 'gridcell' } as const;

/** `index` counts from 1 and includes the head. */
export function rowRole(index: number, selected?: boolean) {
  return { role: 'row', 'aria-rowindex': index, ...(selected !== undefined && { 'aria-selected': selected }) } as const;
}

export function headRole(sort: 'ascending' | 'descending' | undefined) {
  return { role: 'columnheader', 'aria-sort': sort } as const;
}
