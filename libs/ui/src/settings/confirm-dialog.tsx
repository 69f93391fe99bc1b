'use client';
import type { ProblemDto } from '@wardrobe/contracts';
import { type ReactNode, useState } from 'react';
import { Button } from '../controls/button.js';
import { ErrorLine, TextField } from '../controls/field.js';
import { Dialog } from '../overlays/dialog.js';

export type ConfirmDialogProps = {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly children: ReactNode;
  /** Verb + object: "Remove store". */
  readonly verb: string;
  readonly busy: boolean;
  readonly problem: ProblemDto | null;
  /** Only where something is lost for good: this text has to be typed. */
  readonly typed?: string;
  readonly onConfirm: () => void;
};

/** A question with its consequence; the answer stays refused until the name is typed, where that is asked. */
export function ConfirmDialog({ open, onOpenChange, title, children, verb, busy, problem, typed, onConfirm }: ConfirmDialogProps) {
  const [text, setText] = useState('');
  const ready = typed === undefined || text === typed;
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={title}
      description={children}
      actions={
        <>
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button look={typed === undefined ? 'primary' : 'danger'} busy={busy} onClick={onConfirm} {...(!ready && { unavailable: `Type ${typed} first` })}>
            {verb}
          </Button>
        </>
      }
    >
      {typed === undefined ? null : (
        <TextField
          label={
            <>
              Type <b>{typed}</b> to confirm
            </>
          }
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      )}
      {problem ? <ErrorLine>{`${problem.sentence} ${problem.next}`}</ErrorLine> : null}
    </Dialog>
  );
}
