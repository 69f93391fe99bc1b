/** Rows fetched with one question. */
export const PAGE_ROWS = 100;
