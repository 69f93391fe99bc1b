'use client';
import { type ComponentType, createContext, type ReactNode, type Ref, useContext } from 'react';

export type AnchorProps = {
  readonly href: string;
  readonly children?: ReactNode;
  readonly className?: string | undefined;
  readonly id?: string;
  readonly title?: string;
  readonly replace?: boolean;
  readonly scroll?: boolean;
  readonly prefetch?: boolean;
  readonly onClick?: (event: React.MouseEvent<HTMLAnchorElement>) => void;
  readonly ref?: Ref<HTMLAnchorElement>;
  readonly 'aria-label'?: string | undefined;
  readonly 'aria-current'?: 'page' | 'true' | undefined;
  readonly 'data-cell'?: string;
};

const LinkContext = createContext<ComponentType<AnchorProps> | null>(null);

/** The app gives its router's link; without it anchors are plain. */
export function LinkProvider({ link, children }: { readonly link: ComponentType<AnchorProps>; readonly children: ReactNode }) {
  return <LinkContext value={link}>{children}</LinkContext>;
}

/** A link inside the console. */
export function Anchor(props: AnchorProps) {
  const Link = useContext(LinkContext);
  if (Link) return <Link {...props} />;
  const { replace: _replace, scroll: _scroll, prefetch: _prefetch, ...rest } = props;
  return <a {...rest} />;
}
