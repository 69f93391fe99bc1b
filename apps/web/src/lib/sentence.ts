/** "The store has 2 findings: 1 lock was left behind." -> the bold fact and what follows from it. */
export function factAndRest(sentence: string): { readonly fact: string; readonly rest: string | null } {
  const at = sentence.indexOf(': ');
  if (at === -1) return { fact: sentence, rest: null };
  const rest = sentence.slice(at + 2);
  return { fact: `${sentence.slice(0, at)}.`, rest: rest.charAt(0).toUpperCase() + rest.slice(1) };
}
