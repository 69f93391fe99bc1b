import type { ResolvedStore } from '@wardrobe/connections';
import { usage } from '../failures.js';
import { givenPassphrase, type Session } from '../session.js';
import { askHidden } from '../terminal.js';

/** Guesses, as a power of two, that a passphrase must be worth. With plakar's key derivation (about a second a guess) this is out of reach for good. */
const NEEDED_BITS = 60;

/** Words that guessers try first; each is worth one character at most. */
const COMMON =
  /passwor[dt]|passphrase|kennwort|secret|geheim|letmein|welcome|willkommen|admin|root|user|login|master|backup|wardrobe|plakar|kloset|store|server|qwert[yz]|asdf|iloveyou|monkey|dragon|sunshine|football|baseball|princess|hallo|hello|test|summer|winter|spring|autumn|sommer|herbst|january|december|(?:19|20)\d\d/gi;

/** Kinds of characters and how many of each there are. */
const KINDS: readonly (readonly [RegExp, number])[] = [
  [/[a-z]/, 26],
  [/[A-Z]/, 26],
  [/[0-9]/, 10],
  [/[ -/:-@[-`{-~]/, 33],
  [/[^ -~]/, 100],
];

/**
 * A cautious estimate of what a passphrase is worth, in bits: its length without common words, repetitions and runs such as `aaaa`, `1234` and `abcabc`,
 * times what one character of its kinds is worth; no character is worth more than the variety of the whole allows.
 */
export function passphraseBits(passphrase: string): number {
  const bare = withoutRuns(passphrase.replace(COMMON, '\u0001').replace(/(.+?)\1+/gsu, '$1'));
  const characters = [...bare];
  const alphabet = KINDS.reduce((sum, [kind, size]) => sum + (kind.test(passphrase) ? size : 0), 0);
  const variety = new Set(characters).size;
  return characters.length * Math.min(Math.log2(Math.max(alphabet, 1)), Math.log2(Math.max(variety, 1)) + 1);
}

/** Three or more neighbours of the alphabet or the digits count as two. */
function withoutRuns(text: string): string {
  const characters = [...text];
  return characters
    .filter((character, index) => {
      const step = stepBetween(characters[index - 1], character);
      return index < 2 || Math.abs(step) > 1 || step !== stepBetween(characters[index - 2], characters[index - 1]);
    })
    .join('');
}

function stepBetween(before: string | undefined, after: string | undefined): number {
  return (after?.codePointAt(0) ?? 0) - (before?.codePointAt(0) ?? 0);
}

export function isWeak(passphrase: string): boolean {
  return passphraseBits(passphrase) < NEEDED_BITS;
}

/** The passphrase of a new store: from the key file, its configuration, the environment, or asked for twice. @throws CliError none, two that differ, or a weak one */
export async function newPassphrase(session: Session, { weak, store }: { readonly weak: boolean; readonly store: ResolvedStore }): Promise<string> {
  const passphrase = (await givenPassphrase(session, store)) ?? (await askTwice(session));
  if (passphrase === '') throw usage('An empty passphrase protects nothing.', 'Give a longer one, or make a store without encryption with --plaintext.');
  if (!weak && isWeak(passphrase))
    throw usage(
      'The passphrase is too easy to guess.',
      'Take a longer one, for example four or five words that have nothing to do with each other; --weak-passphrase takes it all the same.',
    );
  return passphrase;
}

async function askTwice(session: Session): Promise<string> {
  if (!process.stdin.isTTY)
    throw usage(
      'There is no passphrase for the new store.',
      'Give it with --keyfile or WARDROBE_PASSPHRASE, or make a store without encryption with --plaintext.',
    );
  const first = await askHidden(`Passphrase of the new store ${session.storeLocation}: `);
  const second = await askHidden('The same again: ');
  if (first !== second) throw usage('The two passphrases differ.', 'Nothing was made. Try again.');
  return first;
}
