import type { ErrorCode } from './codes.js';

/** Facts a sentence may name; every one is optional, and none is ever a secret. */
export type ErrorFacts = { readonly what?: string | undefined; readonly detail?: string | undefined; readonly affected?: string | undefined };
export type ErrorWords = { readonly sentence: string; readonly next: string };

const about = (facts: ErrorFacts, otherwise: string): string => facts.what ?? otherwise;

/** What happened and what to do, for every code. A code without a row does not compile. */
const SENTENCES = {
  decode: (facts) => ({
    sentence: `${about(facts, 'A file of the store')} is damaged: ${facts.detail ?? 'its bytes are not what the format says'}.`,
    next: 'Run a check of the store to see what is affected.',
  }),
  'unsupported-version': (facts) => ({
    sentence: `${about(facts, 'A file of the store')} was written by a newer version: ${facts.detail ?? 'this program does not know it'}.`,
    next: 'Update Wardrobe, then read the store again.',
  }),
  integrity: (facts) => ({
    sentence: `${about(facts, 'A part of the store')} is damaged: ${facts.detail ?? 'its contents do not match its seal'}.`,
    next: 'Everything else stays usable. Run a check to see which files are affected.',
  }),
  'not-found': (facts) => ({
    sentence: `${about(facts, 'What you asked for')} was not found.`,
    next: 'It may have been deleted. Go back and read the list again.',
  }),
  store: (facts) => ({
    sentence: `The store cannot be reached: ${facts.detail ?? 'reading from it failed'}.`,
    next: 'Check that its disk or server is available, then read again.',
  }),
  'wrong-passphrase': () => ({ sentence: 'This passphrase does not open the store.', next: 'Type it again. Capital letters and spaces count.' }),
  'passphrase-needed': () => ({ sentence: 'The store is encrypted and its key is not known here.', next: 'Unlock it with its passphrase.' }),
  locked: (facts) => ({ sentence: `${about(facts, 'The store')} is locked by another program.`, next: 'Wait until it has finished, then try again.' }),
  'read-only': (facts) => ({ sentence: `${about(facts, 'The store')} is read-only.`, next: 'Use a copy that may be written to.' }),
  'not-a-store': (facts) => ({
    sentence: `${about(facts, 'This folder')} is not a Kloset store: there is no CONFIG file in it.`,
    next: 'Give the folder that holds CONFIG, packfiles and states.',
  }),
  permission: (facts) => ({
    sentence: `There is no permission to read ${about(facts, 'the store')}.`,
    next: 'Give the account that runs Wardrobe the right to read it.',
  }),
  busy: (facts) => ({ sentence: `${about(facts, 'The store')} is being read already.`, next: 'Wait until that has finished.' }),
  'too-large': (facts) => ({ sentence: `${about(facts, 'The input')} is too large: ${facts.detail ?? 'it is above the limit'}.`, next: 'Give a smaller one.' }),
  'invalid-input': (facts) => ({
    sentence: `${about(facts, 'The input')} is not valid${facts.detail ? `: ${facts.detail}` : ''}.`,
    next: 'Correct it and try again.',
  }),
  cancelled: (facts) => ({ sentence: `${about(facts, 'The work')} was cancelled.`, next: 'Start it again when you want it.' }),
  'disk-full': (facts) => ({
    sentence: `There is no space left${facts.what ? ` on ${facts.what}` : ''}.`,
    next: 'Free some space. What was finished is kept.',
  }),
  unauthenticated: () => ({ sentence: 'You are not signed in.', next: 'Sign in and try again.' }),
  forbidden: (facts) => ({ sentence: `Your role does not allow ${about(facts, 'this')}.`, next: 'Ask an admin.' }),
  conflict: (facts) => ({ sentence: `${about(facts, 'This')} is in use already${facts.detail ? `: ${facts.detail}` : ''}.`, next: 'Choose another one.' }),
  'rate-limited': (facts) => ({ sentence: `There were too many tries${facts.detail ? `: ${facts.detail}` : ''}.`, next: 'Wait a minute, then try again.' }),
} as const satisfies Record<ErrorCode, (facts: ErrorFacts) => ErrorWords>;

/** The sentence and the next step for an error code. */
export function sentenceFor(code: ErrorCode, facts: ErrorFacts = {}): ErrorWords {
  const words = SENTENCES[code](facts);
  return facts.affected ? { sentence: `${words.sentence} Affected: ${facts.affected}.`, next: words.next } : words;
}
