'use client';
import { useMemo } from 'react';
import { Notice } from '../feedback/notice.js';
import { CodeView } from './code-view.js';
import { formatJson } from './json.js';
import { plainText } from './plain-text.js';
import type { ContentReader, TextAnswer } from './reader.js';
import { TextPreview } from './text-preview.js';

/** JSON laid out with one value a line; its numbers and strings stay as they are written. */
export function JsonPreview({ reader, answer }: { readonly reader: ContentReader; readonly answer: TextAnswer }) {
  const formatted = useMemo(() => (answer.truncated ? null : formatJson(plainText(answer))), [answer]);
  if (formatted === null) return <WithNotice fact="Only whole files up to 1.0 MiB are formatted." reader={reader} answer={answer} />;
  if ('fault' in formatted) return <WithNotice fact={formatted.fault} reader={reader} answer={answer} />;
  return <CodeView lines={formatted} label="Formatted JSON" />;
}

function WithNotice({ fact, reader, answer }: { readonly fact: string; readonly reader: ContentReader; readonly answer: TextAnswer }) {
  return (
    <div className="preview-noted">
      <Notice kind="info" fact={fact}>
        The text is shown as it is.
      </Notice>
      <TextPreview reader={reader} answer={answer} />
    </div>
  );
}
