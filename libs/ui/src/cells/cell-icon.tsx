import type { Cell, StoreFindingKind, Verdict } from '@wardrobe/words';
import {
  Check,
  CircleArrowDown,
  CircleMinus,
  CircleQuestionMark,
  ClockAlert,
  DiamondPlus,
  EqualNot,
  EyeOff,
  FileQuestionMark,
  FileWarning,
  GitFork,
  KeyRound,
  Lock,
  type LucideIcon,
  Minus,
  OctagonX,
  PackageX,
  Palette,
  Shuffle,
  Undo2,
} from 'lucide-react';

export const CELL_ICON: Readonly<Record<Cell, LucideIcon>> = {
  none: Minus,
  seen: Check,
  behind: CircleArrowDown,
  'stale-delete': CircleMinus,
  unknown: CircleQuestionMark,
  mismatch: EqualNot,
  'lost-delete': Undo2,
  unreadable: FileWarning,
  phantom: DiamondPlus,
  lost: OctagonX,
};

const FINDING_ICON: Readonly<Record<StoreFindingKind, LucideIcon>> = {
  'unreadable-state': FileWarning,
  'hidden-snapshot': EyeOff,
  'missing-packfile': PackageX,
  'unreadable-packfile': PackageX,
  'coloured-in-use': Palette,
  'merge-order-hazard': Shuffle,
  'foreign-file': FileQuestionMark,
  'stale-lock': Lock,
  'damaged-lock': KeyRound,
  'clock-skew': ClockAlert,
  'lost-state': FileWarning,
  'ambiguous-snapshot': GitFork,
};

/** The cell whose look a finding of the store borrows. */
export const FINDING_LOOK: Readonly<Record<StoreFindingKind, Cell>> = {
  'unreadable-state': 'unreadable',
  'hidden-snapshot': 'unreadable',
  'missing-packfile': 'lost',
  'unreadable-packfile': 'unreadable',
  'coloured-in-use': 'mismatch',
  'merge-order-hazard': 'mismatch',
  'foreign-file': 'unknown',
  'stale-lock': 'unknown',
  'damaged-lock': 'unreadable',
  'clock-skew': 'unknown',
  'lost-state': 'unreadable',
  'ambiguous-snapshot': 'mismatch',
};

export type Kind = Cell | StoreFindingKind;

export function isCell(kind: Kind): kind is Cell {
  return kind in CELL_ICON;
}

/** The cell that gives colour and form to a kind of finding. */
export function lookOf(kind: Kind): Cell {
  return isCell(kind) ? kind : FINDING_LOOK[kind];
}

export function iconOf(kind: Kind): LucideIcon {
  return isCell(kind) ? CELL_ICON[kind] : FINDING_ICON[kind];
}

export function CellIcon({ kind, small = false }: { readonly kind: Kind; readonly small?: boolean }) {
  const Icon = iconOf(kind);
  return <Icon className={small ? 'icon small' : 'icon'} strokeWidth={small ? 2 : 1.9} aria-hidden />;
}

/** Cell that stands for a verdict where no worst cell is known. */
export const VERDICT_LOOK: Readonly<Record<Verdict, Cell>> = { diverged: 'phantom', unknown: 'unknown', behind: 'behind', 'in-sync': 'seen' };
export const VERDICT_WORD: Readonly<Record<Verdict, string>> = { diverged: 'diverged', unknown: 'unknown', behind: 'behind', 'in-sync': 'in sync' };
export const VerdictForkIcon = GitFork;
