const ID = /\b([0-9a-f]{8,64})\b/g;

/** A sentence with its ids set in mono. A word like "deadbeef" is an id here; plain numbers are not. */
export function IdText({ text }: { readonly text: string }) {
  const parts = text.split(ID);
  return parts.map((part, index) => (index % 2 === 1 && /[a-f]/.test(part) && /[0-9]/.test(part) ? <code key={`${index}-${part}`}>{part}</code> : part));
}
