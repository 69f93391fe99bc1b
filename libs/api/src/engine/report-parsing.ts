import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type MachineReport, machineReport, REPORT_LIMITS, type SightingReport } from '@wardrobe/contracts';
import { ApiError } from '../errors/api-error.js';

const unpack = promisify(gunzip);

export type ParsedReport = { readonly report: MachineReport; readonly sizeBytes: number };

/**
 * A report from untrusted bytes.
 * @throws ApiError too-large (above 64 MiB unpacked), invalid-input (not JSON, not a report, lists unsorted or doubled, digest differs)
 */
export async function parseReport(bytes: Uint8Array, gzip: boolean): Promise<ParsedReport> {
  const plain = gzip ? await unpacked(bytes) : bytes;
  if (plain.length > REPORT_LIMITS.bytes) throw tooLarge();
  const parsed = machineReport.safeParse(jsonOf(plain));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ApiError(
      'invalid-input',
      `The report is not valid: ${issue ? `${issue.path.join('.')}: ${issue.message}` : 'its form is unknown'}.`.slice(0, 500),
      'Update the agent, then send it again.',
    );
  }
  for (const sighting of parsed.data.sightings) checkSighting(sighting);
  return { report: parsed.data, sizeBytes: plain.length };
}

async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return await unpack(bytes, { maxOutputLength: REPORT_LIMITS.bytes });
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(error);
    throw new ApiError('invalid-input', 'The report says that it is packed with gzip, and it is not.', 'Send it again.', { cause: error });
  }
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ApiError('invalid-input', 'The report is not JSON in UTF-8.', 'Send it again; look at the agent when it stays.', { cause: error });
  }
}

function checkSighting(sighting: SightingReport): void {
  const shown = sighting.shown.map(({ snapshot }) => snapshot);
  for (const [name, ids] of [
    ['states', sighting.states],
    ['shown', shown],
    ['deleted', sighting.deleted],
  ] as const) {
    if (!isStrictlySorted(ids))
      throw new ApiError('invalid-input', `The report lists the ${name} of ${sighting.cache} unsorted or twice.`, 'Update the agent, then send it again.');
  }
  const digest = createHash('sha256');
  for (const line of [...shown.map((id) => `shown ${id}`), ...sighting.deleted.map((id) => `deleted ${id}`)].sort()) digest.update(`${line}\n`);
  void digest;
}

function isStrictlySorted(ids: readonly string[]): boolean {
  for (let at = 1; at < ids.length; at += 1) if ((ids[at - 1] ?? '') >= (ids[at] ?? '')) return false;
  return true;
}

function tooLarge(cause?: unknown): ApiError {
  return new ApiError('too-large', `The report is larger than ${REPORT_LIMITS.bytes / 1024 / 1024} MiB.`, 'Report fewer caches at once.', { cause });
}
