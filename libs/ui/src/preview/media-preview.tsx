'use client';
import { useState } from 'react';
import { bytesWord } from '../foundation/format.js';
import { Button } from '../controls/button.js';
import { EmptyState } from '../feedback/states.js';
import { FileWarning } from 'lucide-react';
import type { ContentReader } from './reader.js';

/** Above it an image is fetched only when asked for. */
const ASK_FROM_BYTES = 32 * 1024 * 1024;

/** An image, fitted to the panel; a press shows it in its own size. */
export function ImagePreview({ reader, name }: { readonly reader: ContentReader; readonly name: string }) {
  const [wanted, setWanted] = useState(reader.sizeBytes <= ASK_FROM_BYTES);
  const [size, setSize] = useState<{ readonly width: number; readonly height: number } | null>(null);
  const [failed, setFailed] = useState(false);
  const [whole, setWhole] = useState(false);
  if (failed) return <Unshowable what="image" />;
  if (!wanted) {
    return (
      <p className="part-notice">
        <span>The image has {bytesWord(reader.sizeBytes)}.</span>
        <Button small onClick={() => setWanted(true)}>
          Show the image
        </Button>
      </p>
    );
  }
  return (
    <div className="preview-scroll image" data-whole={whole || undefined}>
      <button
        type="button"
        className="image-press"
        aria-pressed={whole}
        aria-label={whole ? 'Fit the image to the panel' : 'Show the image in its own size'}
        onClick={() => setWhole(!whole)}
      >
        <img
          src={reader.contentUrl}
          alt={name}
          onError={() => setFailed(true)}
          onLoad={(event) => setSize({ width: event.currentTarget.naturalWidth, height: event.currentTarget.naturalHeight })}
        />
      </button>
      {size === null ? null : (
        <p className="faint">
          {size.width} × {size.height}
        </p>
      )}
    </div>
  );
}

/** Audio or video with the browser's own controls; it reads by ranges, so that one can seek without reading all. */
export function MediaPreview({ reader, kind, name }: { readonly reader: ContentReader; readonly kind: 'audio' | 'video'; readonly name: string }) {
  const [failed, setFailed] = useState(false);
  const Player = kind;
  if (failed) return <Unshowable what={kind} />;
  return (
    <div className="preview-scroll media">
      <Player controls preload="metadata" src={reader.contentUrl} aria-label={name} onError={() => setFailed(true)} />
    </div>
  );
}

function Unshowable({ what }: { readonly what: string }) {
  return (
    <EmptyState icon={FileWarning} fact={`The ${what} cannot be shown.`}>
      Either the file is damaged, or this browser does not know its form. Hex shows its bytes, Details whether its objects are there.
    </EmptyState>
  );
}
