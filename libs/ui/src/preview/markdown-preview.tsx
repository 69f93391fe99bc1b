'use client';
import Markdown, { type Components } from 'react-markdown';
import rehypeSanitize from 'rehype-sanitize';
import remarkGfm from 'remark-gfm';
import { relativePath } from '../explorer/entry-words.js';
import { Anchor } from '../foundation/link.js';
import { SCROLLS } from './code-view.js';
import { PartNotice } from './part-notice.js';
import { plainText } from './plain-text.js';
import type { ContentReader, TextAnswer } from './reader.js';

/**
 * Rendered markdown. Raw HTML in it is left out, images come only from the same snapshot, links to other hosts open apart and say
 * nothing about where they come from.
 */
export function MarkdownPreview({ reader, answer, path }: { readonly reader: ContentReader; readonly answer: TextAnswer; readonly path: string }) {
  return (
    <section className="preview-scroll markdown" aria-label="Rendered markdown" {...SCROLLS}>
      <Markdown remarkPlugins={[remarkGfm]} rehypePlugins={[rehypeSanitize]} components={componentsFor(reader, path)}>
        {plainText(answer)}
      </Markdown>
      {answer.truncated ? <PartNotice shownBytes={1024 * 1024} sizeBytes={reader.sizeBytes} downloadUrl={reader.downloadUrl} /> : null}
    </section>
  );
}

function componentsFor(reader: ContentReader, document: string): Components {
  return {
    a: ({ href = '', children }) => {
      const inside = relativePath(document, href);
      if (inside !== null) return <Anchor href={reader.pageOf(inside)}>{children}</Anchor>;
      if (!/^(https?:|mailto:)/i.test(href)) return <span>{children}</span>;
      return (
        <a href={href} target="_blank" rel="noopener noreferrer">
          {children}
        </a>
      );
    },
    img: ({ src, alt = '' }) => {
      const inside = typeof src === 'string' ? relativePath(document, src) : null;
      if (inside === null) return <span className="muted">[image from elsewhere, not loaded: {alt === '' ? 'no description' : alt}]</span>;
      return <img src={reader.contentUrlOf(inside)} alt={alt} loading="lazy" />;
    },
    // Ids of a document must not take those of the page.
    input: ({ checked }) => <input type="checkbox" checked={checked === true} readOnly disabled aria-label={checked === true ? 'done' : 'not done'} />,
  };
}
