/**
 * Scrolling of lists that are higher than a browser can lay out (about 17 million pixels). The element is at most `TALLEST_PX` high; its
 * scroll position counts from an offset that moves in pages, so that a wheel notch moves as far as in a short list, and the whole bar still
 * reaches from first to last.
 */
export type Extent = {
  readonly viewPx: number;
  /** Height the rows would need. */
  readonly contentPx: number;
  /** Height of the element. */
  readonly elementPx: number;
  readonly pagePx: number;
  readonly pages: number;
  /** How far the offset moves from one page to the next. */
  readonly jumpPx: number;
};

export const TALLEST_PX = 6_000_000;
const PAGES_IN_ELEMENT = 100;

export function extentOf(rows: number, rowPx: number, viewPx: number): Extent {
  const contentPx = rows * rowPx;
  if (contentPx <= TALLEST_PX) return { viewPx, contentPx, elementPx: contentPx, pagePx: Math.max(1, contentPx), pages: 1, jumpPx: 0 };
  const pagePx = TALLEST_PX / PAGES_IN_ELEMENT;
  const pages = Math.floor(contentPx / pagePx);
  return { viewPx, contentPx, elementPx: TALLEST_PX, pagePx, pages, jumpPx: (contentPx - TALLEST_PX) / (pages - 1) };
}

/** `top + offset` is the place in the content. */
export type ScrollPlace = { readonly top: number; readonly offset: number };

/** The place after the browser moved the element's scroll position to `top`. A jump of more than a view means the bar was dragged. */
export function scrolled(extent: Extent, before: ScrollPlace, top: number): ScrollPlace {
  if (extent.pages === 1) return { top, offset: 0 };
  if (Math.abs(top - before.top) < extent.viewPx) return placeAt(extent, top + before.offset);
  const most = extent.elementPx - extent.viewPx;
  const wanted = most <= 0 ? 0 : (top / most) * (extent.contentPx - extent.viewPx);
  return { top, offset: offsetOfPage(extent, Math.floor(wanted / extent.pagePx)) };
}

/** The place that shows content pixel `at` on top, kept inside the content. */
export function placeAt(extent: Extent, at: number): ScrollPlace {
  const wanted = Math.max(0, Math.min(extent.contentPx - extent.viewPx, at));
  const offset = extent.pages === 1 ? 0 : offsetOfPage(extent, Math.floor(wanted / extent.pagePx));
  return { top: wanted - offset, offset };
}

/** The place that brings a row into view with the least movement. */
export function placeOfRow(extent: Extent, place: ScrollPlace, { row, rowPx }: { readonly row: number; readonly rowPx: number }): ScrollPlace {
  const now = place.top + place.offset;
  if (row * rowPx < now) return placeAt(extent, row * rowPx);
  const below = (row + 1) * rowPx - extent.viewPx;
  return below > now ? placeAt(extent, below) : place;
}

/** Rows in view, `end` exclusive. */
export function rowsInView({ viewPx, contentPx }: Extent, place: ScrollPlace, rowPx: number): { readonly first: number; readonly end: number } {
  const at = Math.max(0, Math.min(Math.max(0, contentPx - viewPx), place.top + place.offset));
  const first = Math.floor(at / rowPx);
  return { first, end: Math.min(Math.round(contentPx / rowPx), Math.ceil((at + viewPx) / rowPx)) };
}

function offsetOfPage(extent: Extent, page: number): number {
  return Math.round(Math.max(0, Math.min(extent.pages - 1, page)) * extent.jumpPx);
}
