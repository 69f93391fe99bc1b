'use client';
import { Copy } from 'lucide-react';
import { useToast } from '../overlays/toast.js';
import { Button } from './button.js';

/** A command for a shell with a copy button; wraps, never scrolls the page. */
export function Command({ text, what = 'Command' }: { readonly text: string; readonly what?: string }) {
  const toast = useToast();
  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
      toast({ kind: 'success', text: `${what} copied.` });
    } catch {
      // No clipboard off https, or the user refused: say so, the text can be selected.
      toast({ kind: 'warning', text: `The browser refused the clipboard. Select the ${what.toLowerCase()} and copy it.` });
    }
  }
  return (
    <div className="cmd">
      <pre>
        <code>{text}</code>
      </pre>
      <Button square aria-label={`Copy the ${what.toLowerCase()}`} onClick={() => void copy()}>
        <Copy className="icon" aria-hidden />
      </Button>
    </div>
  );
}
