const ID = /\b([0-9a-f]{8,64})\b/g;

/** A sentence of the server: ids and what stands between backticks are set in mono. */
export function WordsText({ text }: { readonly text: string }) {
  const parts = text.split('`');
  return parts.map((part, index) => (index % 2 === 1 ? <code key={`${index}-${part}`}>{part}</code> : <IdText key={`${index}-${part}`} text={part} />));
}

/** A sentence with its ids set in mono. A word like "deadbeef" is a word here, and so is a plain number. */
export function IdText({ text }: { readonly text: string }) {
  const parts = text.split(ID);
  return parts.map((part, index) => (index % 2 === 1 && /[a-f]/.test(part) && /[0-9]/.test(part) ? <code key={`${index}-${part}`}>{part}</code> : part));
}
