import type { ComponentProps, MouseEvent } from 'react';
import { Anchor, type AnchorProps } from '../foundation/link.js';

type Look = {
  readonly look?: 'plain' | 'primary' | 'quiet' | 'danger';
  readonly small?: boolean;
  /** Only an icon inside: square, needs an `aria-label`. */
  readonly square?: boolean;
};

export type ButtonProps = Omit<ComponentProps<'button'>, 'disabled'> &
  Look & {
    /** Why it cannot be pressed now. It stays focusable and says the reason. */
    readonly unavailable?: string | undefined;
    readonly busy?: boolean;
  };

function classOf({ look = 'plain', small = false, square = false }: Look, extra?: string): string {
  return ['btn', look === 'plain' ? '' : look, small ? 'small' : '', square ? 'square' : '', extra ?? ''].filter(Boolean).join(' ');
}

export function Button({ look, small, square, unavailable, busy = false, className, onClick, type = 'button', ...rest }: ButtonProps) {
  const blocked = unavailable !== undefined || busy;
  function press(event: MouseEvent<HTMLButtonElement>): void {
    if (blocked) event.preventDefault();
    else onClick?.(event);
  }
  return (
    <button
      {...rest}
      type={type}
      className={classOf({ ...(look && { look }), ...(small && { small }), ...(square && { square }) }, className)}
      onClick={press}
      {...(blocked && { 'aria-disabled': true })}
      {...(unavailable !== undefined && { title: unavailable })}
      {...(busy && { 'aria-busy': true })}
    />
  );
}

export function LinkButton({ look, small, square, className, ...rest }: AnchorProps & Look) {
  return <Anchor {...rest} className={classOf({ ...(look && { look }), ...(small && { small }), ...(square && { square }) }, className)} />;
}
