import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import type { StoreInput, StoreTestDto } from '@wardrobe/contracts';
import { counted } from '@wardrobe/words';
import { ApiError } from '../errors/api-error.js';
import { codeOf, problemOf } from '../errors/bridge.js';
import type { Deps } from './deps.js';
import { allowedPlace, type StorePlace } from './places.js';
import type { Registry } from './registry.js';

type Step = StoreTestDto['steps'][number];
type Failed = (error: unknown, step: Step['step'], facts?: Partial<StoreTestDto>) => StoreTestDto;

/** Everything that "add" would do, without keeping anything. Each step is told, and the first that fails is the last. */
export async function testStore(deps: Deps, registry: Registry, input: StoreInput): Promise<StoreTestDto> {
  const steps: Step[] = [];
  const failed: Failed = (error, step, facts = {}) => {
    if (codeOf(error) === null) throw error;
    const problem = problemOf(error);
    const last = { step, ok: false, sentence: problem.sentence };
    return { ok: false, repositoryId: null, encrypted: null, snapshots: null, ...facts, problem, steps: [...steps, last] };
  };
  let place: StorePlace;
  try {
    place = await allowedPlace(deps, input.location, input.options);
  } catch (error) {
    return failed(error, codeOf(error) === 'permission' ? 'permission' : 'path');
  }
  const stopped = isFolder(place) ? await testFolder(place, steps, failed) : await testPlace(registry, { place, steps, failed });
  return stopped ?? testContent(deps, registry, { place, passphrase: input.passphrase ?? null, steps, failed });
}

function isFolder({ location }: StorePlace): boolean {
  return location.startsWith('/') || /^[A-Za-z]:[\\/]/.test(location);
}

async function testFolder({ location }: StorePlace, steps: Step[], failed: Failed): Promise<StoreTestDto | null> {
  steps.push({ step: 'path', ok: true, sentence: `${location} is there.` });
  try {
    await access(location, constants.R_OK | constants.X_OK);
    steps.push({ step: 'permission', ok: true, sentence: 'The console may read it.' });
    return null;
  } catch (error) {
    return failed(
      new ApiError('permission', `The console may not read ${location}.`, 'Give the user that runs the console the right to read it.', { cause: error }),
      'permission',
    );
  }
}

type Testing = { readonly place: StorePlace; readonly steps: Step[]; readonly failed: Failed };

/** Name, route, trust, credentials, permission: asked in a thread of its own, which ends with it. */
async function testPlace(registry: Registry, { place, steps, failed }: Testing): Promise<StoreTestDto | null> {
  const probe = await registry.probe(place);
  for (const { step, ok, sentence, next, code } of probe) {
    if (step === 'store' || step === 'passphrase') break;
    if (!ok) return failed(new ApiError(code ?? 'store', sentence, next ?? ''), step);
    steps.push({ step, ok, sentence });
  }
  return null;
}

async function testContent(
  deps: Deps,
  registry: Registry,
  { place, passphrase, steps, failed }: Testing & { readonly passphrase: string | null },
): Promise<StoreTestDto> {
  const known: Step[] = [
    { step: 'config', ok: true, sentence: 'It is a Kloset store.' },
    { step: 'version', ok: true, sentence: 'Its format is known.' },
  ];
  let aside: Awaited<ReturnType<Registry['openAside']>>;
  try {
    aside = await registry.openAside({ place, passphrase, secret: null, indexDirectory: null });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'permission' && isFolder(place) && (await unreadable(join(place.location, 'CONFIG')))) return failed(error, 'permission');
    if (code === 'unsupported-version') return failed(error, 'version', {});
    if (code !== 'wrong-passphrase' && code !== 'passphrase-needed') return failed(error, 'config');
    steps.push(...known);
    return failed(error, 'key', { encrypted: true });
  }
  try {
    const { repositoryId, encrypted } = aside.opened;
    steps.push(...known, { step: 'key', ok: true, sentence: encrypted ? 'The passphrase opens it.' : 'It is not encrypted.' });
    const reading = await aside.reader.call('read', { nowMs: deps.clock.nowMs() });
    const bad = reading.unreadable.length;
    const sentence =
      bad === 0
        ? `${counted(reading.states.length, 'state file')} read, ${counted(reading.live.length, 'snapshot')} listed.`
        : `${counted(bad, 'state file')} cannot be read; ${counted(reading.live.length, 'snapshot')} listed. Connect it to see what is hit.`;
    steps.push({ step: 'states', ok: bad === 0, sentence });
    // A damaged store is what this console is for: it can be connected, and its damage becomes a finding.
    return { ok: true, steps, repositoryId, encrypted, snapshots: reading.live.length, problem: reading.unreadable[0]?.problem ?? null };
  } catch (error) {
    return failed(error, 'states', { repositoryId: aside.opened.repositoryId, encrypted: aside.opened.encrypted });
  } finally {
    await aside.reader.stop();
  }
}

async function unreadable(file: string): Promise<boolean> {
  return access(file, constants.R_OK).then(
    () => false,
    () => true,
  );
}
