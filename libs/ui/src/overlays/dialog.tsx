'use client';
import { Dialog as Primitive } from 'radix-ui';
import type { ReactNode } from 'react';

export type DialogProps = {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  /** The question, with object and number. */
  readonly title: ReactNode;
  /** Read out after the title. */
  readonly description?: ReactNode;
  readonly children?: ReactNode;
  /** Cancel first, the verb last. */
  readonly actions?: ReactNode;
  readonly className?: string;
};

/** Focus stays inside, Esc closes, focus goes back to where it was. */
export function Dialog({ open, onOpenChange, title, description, children, actions, className }: DialogProps) {
  return (
    <Primitive.Root open={open} onOpenChange={onOpenChange}>
      <Primitive.Portal>
        <Primitive.Overlay className="overlay" />
        <Primitive.Content className={`dialog ${className ?? ''}`} {...(description === undefined && { 'aria-describedby': undefined })}>
          <header>
            <Primitive.Title asChild>
              <h2>{title}</h2>
            </Primitive.Title>
          </header>
          <div className="body">
            {description === undefined ? null : (
              <Primitive.Description asChild>
                <div>{description}</div>
              </Primitive.Description>
            )}
            {children}
          </div>
          {actions ? <footer>{actions}</footer> : null}
        </Primitive.Content>
      </Primitive.Portal>
    </Primitive.Root>
  );
}
