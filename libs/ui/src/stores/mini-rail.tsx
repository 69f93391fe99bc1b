import type { StoreDto } from '@wardrobe/contracts';

const WIDTH = 170;
const PARTS = [
  ['diverged', 'phantom', 'diverged'],
  ['unknown', 'unknown', 'unknown'],
  ['behind', 'behind', 'behind'],
  ['inSync', 'seen', 'in sync'],
] as const;

/** The machines of a store as one bar; every part that exists is at least 6 px wide. */
export function MiniRail({ counts, old }: { readonly counts: StoreDto['counts']; readonly old: boolean }) {
  const parts = PARTS.filter(([key]) => counts[key] > 0);
  if (parts.length === 0) return null;
  const spare = WIDTH - parts.length * 7;
  const total = parts.reduce((sum, [key]) => sum + counts[key], 0);
  let x = 0;
  return (
    <svg
      className={`mini-rail${old ? ' old' : ''}`}
      viewBox={`0 0 ${WIDTH} 12`}
      preserveAspectRatio="none"
      role="img"
      aria-label={parts.map(([key, , word]) => `${counts[key]} ${word}`).join(', ')}
    >
      {parts.map(([key, cell]) => {
        const width = 6 + (spare * counts[key]) / total;
        const at = x;
        x += width + 1;
        return <rect key={key} data-cell={cell} x={at} y={0} width={width} height={12} />;
      })}
    </svg>
  );
}
