import { deriveSecret, readConfig } from '@wardrobe/kloset';
import { KlosetError, StoreError, type StoreFault, type WritableStore } from '@wardrobe/store-connector';
import { counted, type ErrorWords, faultWords, sentenceFor } from '@wardrobe/words';

/** What is tried of a store, in this order. Stores of this machine have no `name` to `answer`. */
export const PROBE_STEPS = ['location', 'name', 'route', 'trust', 'credentials', 'answer', 'permission', 'store', 'passphrase'] as const;
export type ProbeStepName = (typeof PROBE_STEPS)[number];
export type ProbeStep = { readonly step: ProbeStepName; readonly ok: boolean; readonly sentence: string; readonly next: string | null };
export type ProbeRequest = {
  /** Opens the store; its failures belong to the step `location`. */
  readonly open: () => Promise<WritableStore>;
  readonly local: boolean;
  /** Asked for only where the store is encrypted. */
  readonly passphrase: () => Promise<string | null>;
  readonly signal?: AbortSignal | undefined;
};
export type ProbeResult = { readonly steps: readonly ProbeStep[]; readonly error: KlosetError | null };

const STEP_OF_FAULT: Readonly<Record<StoreFault, ProbeStepName>> = {
  name: 'name',
  route: 'route',
  timeout: 'route',
  trust: 'trust',
  credentials: 'credentials',
  throttled: 'answer',
  server: 'answer',
  line: 'answer',
  archived: 'permission',
};

const FINE: Readonly<Record<ProbeStepName, string>> = {
  location: 'Location and options can be read.',
  name: 'The name of the host has an address.',
  route: 'The host answers.',
  trust: 'The line is as it was asked for.',
  credentials: 'The credentials are taken.',
  answer: 'The server does its work.',
  permission: 'The store may be read.',
  store: 'It is a Kloset store.',
  passphrase: 'It is not encrypted.',
};

/** Tries a store step by step and ends at the first that fails: what came before it is fine, what comes after it was not tried. Changes nothing there. */
export async function probeStore(request: ProbeRequest): Promise<ProbeResult> {
  const done: ProbeStep[] = [];
  const fine = (until: ProbeStepName, sentence?: string): void => {
    for (const step of stepsOf(request.local, done.length, until))
      done.push({ step, ok: true, sentence: step === until && sentence !== undefined ? sentence : FINE[step], next: null });
  };
  const failed = (step: ProbeStepName, error: unknown): ProbeResult => {
    if (!(error instanceof KlosetError)) throw error;
    for (const before of stepsOf(request.local, done.length, step).slice(0, -1)) done.push({ step: before, ok: true, sentence: FINE[before], next: null });
    return { steps: [...done, { step, ok: false, ...wordsOf(error) }], error };
  };
  let store: WritableStore;
  try {
    store = await request.open();
    fine('location');
  } catch (error) {
    return failed('location', error);
  }
  const options = { signal: request.signal };
  try {
    const config = await readConfig(store, options).catch((error: unknown) => failed(stepOf(error, request.local), error));
    if ('steps' in config) return config;
    fine('answer');
    const states = await countStates(store, options).catch((error: unknown) => failed(stepOf(error, request.local), error));
    if (typeof states !== 'number') return states;
    fine('store', `It is a Kloset store with ${counted(states, 'state file')}.`);
    if (config.config.Encryption === null) fine('passphrase');
    else {
      const passphrase = await request.passphrase();
      if (passphrase === null) return { steps: [...done, { step: 'passphrase', ok: false, ...sentenceFor('passphrase-needed') }], error: null };
      await deriveSecret(config, passphrase);
      fine('passphrase', 'The passphrase opens it.');
    }
    return { steps: done, error: null };
  } catch (error) {
    return failed('passphrase', error);
  } finally {
    await store.close();
  }
}

async function countStates(store: WritableStore, options: { readonly signal: AbortSignal | undefined }): Promise<number> {
  let count = 0;
  for await (const _item of store.list('state', { ...options, knownSize: () => 0 })) count += 1;
  return count;
}

function stepsOf(local: boolean, from: number, until: ProbeStepName): readonly ProbeStepName[] {
  const all = PROBE_STEPS.filter((step) => !local || !REMOTE_ONLY.has(step));
  // Where `until` is a step that this kind has not, up to what comes before it.
  const end = all.findLastIndex((step) => PROBE_STEPS.indexOf(step) <= PROBE_STEPS.indexOf(until));
  return all.slice(from, end + 1);
}

const REMOTE_ONLY: ReadonlySet<ProbeStepName> = new Set(['name', 'route', 'trust', 'credentials', 'answer']);

function stepOf(error: unknown, local: boolean): ProbeStepName {
  if (!(error instanceof KlosetError)) return 'store';
  if (error.code === 'permission') return 'permission';
  if (error.code === 'invalid-input') return 'location';
  if (error instanceof StoreError) return local ? 'permission' : error.fault === undefined ? 'answer' : STEP_OF_FAULT[error.fault];
  return 'store';
}

/** What people read of a failure of a store. */
export function wordsOf(error: KlosetError): ErrorWords {
  if (error instanceof StoreError && error.fault !== undefined) return faultWords(error.fault, { detail: error.message });
  if (error.code === 'invalid-input')
    return { sentence: `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`, next: 'Correct it and try again.' };
  if (error.code === 'permission' || error.code === 'not-a-store')
    return { sentence: `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`, next: NEXT[error.code] };
  return sentenceFor(error.code, { detail: error.message });
}

const NEXT = {
  permission: 'Give the account that is used there the right to read, and to write where it shall be written to.',
  'not-a-store': 'Give the place that holds CONFIG, packfiles and states; or make a store there with: create',
} as const;
