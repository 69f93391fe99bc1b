import type { ErrorCode } from '@wardrobe/words';

type Facts = Readonly<Record<string, string | number>>;
type Sentence = { readonly sentence: string; readonly next: string };

const RETRY = 'Try again in a moment.';
const CHECK = 'Run `wardrobe check` on the store to see what is affected. All that is not hit stays usable.';

const SENTENCES = {
  decode: (f) => ({ sentence: `${about(f)} cannot be read: its bytes are not what the format says.`, next: CHECK }),
  'unsupported-version': (f) => ({ sentence: `${about(f)} was written in version ${f['found'] ?? '?'} of the format; this console knows ${f['known'] ?? 'older ones'}.`, next: 'Update Wardrobe.' }),
  integrity: (f) => ({ sentence: `${about(f)} is damaged: its bytes differ from its checksum.`, next: CHECK }),
  'not-found': (f) => ({ sentence: `${about(f)} is not in the store.`, next: 'Read the store again; it may have been removed.' }),
  store: () => ({ sentence: 'The store cannot be reached.', next: 'Check that its folder or server is there, then read the store again.' }),
  'wrong-passphrase': () => ({ sentence: 'The passphrase does not open this store.', next: 'Type it again. It is the one that plakar asks for.' }),
  locked: (f) => ({ sentence: `The store is locked by ${f['host'] ?? 'another machine'}.`, next: 'Wait until its backup ends.' }),
  'read-only': () => ({ sentence: 'This can only be read.', next: 'Nothing was changed.' }),
  'passphrase-needed': () => ({ sentence: 'The store is encrypted and its key is not here.', next: 'Unlock it with its passphrase.' }),
  'not-a-store': (f) => ({ sentence: `${f['location'] ?? 'This folder'} is not a Kloset store: it has no CONFIG.`, next: 'Check the path. It must be the folder that holds the file CONFIG.' }),
  permission: (f) => ({ sentence: `The console may not read ${f['what'] ?? 'this'}.`, next: 'Give the user that runs the console the right to read it.' }),
  busy: () => ({ sentence: 'This is being worked on already.', next: RETRY }),
  'too-large': (f) => ({ sentence: `${about(f)} is too large${f['limit'] === undefined ? '' : `: the limit is ${f['limit']}`}.`, next: 'Nothing was read.' }),
  'invalid-input': () => ({ sentence: 'The request is not what this console understands.', next: 'Check what you typed.' }),
  cancelled: () => ({ sentence: 'This was cancelled.', next: 'Start it again when you need it.' }),
  'disk-full': (f) => ({ sentence: `There is no space left${f['where'] === undefined ? '' : ` in ${f['where']}`}.`, next: 'Make space and try again; nothing was lost.' }),
  unauthenticated: () => ({ sentence: 'Nobody is signed in.', next: 'Sign in and try again.' }),
  forbidden: () => ({ sentence: 'Your account may not do this.', next: 'Ask an administrator of this console.' }),
  conflict: () => ({ sentence: 'This changed meanwhile.', next: 'Read the page again.' }),
  'rate-limited': () => ({ sentence: 'There were too many attempts.', next: 'Wait a minute, then try again.' }),
} as const satisfies Record<ErrorCode, (facts: Facts) => Sentence>;

/** What happened and what to do, for one failure. */
export function sentenceFor(code: ErrorCode, facts: Facts): Sentence {
  return SENTENCES[code](facts);
}

function about(facts: Facts): string {
  const what = facts['what'] ?? facts['kind'] ?? 'A part of the store';
  const text = String(what);
  const file = facts['file'] ?? facts['id'];
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${file === undefined ? '' : ` ${String(file).slice(0, 80)}`}`;
}
