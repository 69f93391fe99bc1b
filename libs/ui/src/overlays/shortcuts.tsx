'use client';
import { Button } from '../controls/button.js';
import { Dialog } from './dialog.js';

const SHORTCUTS: readonly (readonly [string, string])[] = [
  ['Ctrl K', 'Search or jump to any page, store, machine or action'],
  ['/', 'Search on this page'],
  ['j k', 'Next and previous row'],
  ['Enter', 'Open the row'],
  ['Esc', 'Close the panel, leave the field'],
  ['n p', 'Next and previous divergence'],
  ['+ − 0', 'Zoom in, out, whole range (matrix)'],
  ['g m', 'Machines'],
  ['g x', 'Matrix'],
  ['g d', 'Divergence'],
  ['g s', 'Snapshots'],
  ['g a', 'All stores'],
  ['r', 'Read the store again'],
  ['t', 'Light or dark'],
  ['?', 'This list'],
];

export function ShortcutsDialog({ open, onOpenChange }: { readonly open: boolean; readonly onOpenChange: (open: boolean) => void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="Keyboard shortcuts" actions={<Button onClick={() => onOpenChange(false)}>Close</Button>}>
      <dl className="kv">
        {SHORTCUTS.map(([keys, meaning]) => (
          <div key={keys} className="contents">
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
