/**
 * Roles of a grid whose rows stand at computed places, which table elements cannot. One element has the focus (`aria-activedescendant`), so rows
 * and cells are not stops of the keyboard.
 */
export const GRID = { role: 'grid', tabIndex: 0 } as const;
export const ROW_GROUP = { role: 'rowgroup' } as const;
export const CELL = { role: 'gridcell' } as const;

/** `index` counts from 1 and includes the head. */
export function rowRole(index: number, selected?: boolean) {
  return { role: 'row', 'aria-rowindex': index, ...(selected !== undefined && { 'aria-selected': selected }) } as const;
}

export function headRole(sort: 'ascending' | 'descending' | undefined) {
  return { role: 'columnheader', 'aria-sort': sort } as const;
}
