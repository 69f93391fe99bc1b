import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { API_PATHS, type MachineReport, type ReportAnswer, reportAnswer } from '@wardrobe/contracts';
import { CliError, EXIT } from '../exit-codes.js';
import { usage } from '../failures.js';
import { parseJson } from '../parse-json.js';
import { serverWords } from '../server-words.js';

const pack = promisify(gzip);
const TIMEOUT_MS = 60_000;

export type Server = { readonly url: URL; readonly token: string };

/** @throws CliError plain http to another machine, an unreadable token file */
export function serverOf(url: string, tokenFile: string): Server {
  if (!URL.canParse(url)) throw usage(`'${url}' is not an address.`, 'Write it like https://backup.example:7300');
  const parsed = new URL(url);
  if (parsed.protocol !== 'https:' && !(parsed.protocol === 'http:' && isLoopback(parsed.hostname))) {
    throw usage(`The agent sends nothing over plain http to ${parsed.host}: the token could be read on the way.`, 'Use https, or a tunnel to 127.0.0.1.');
  }
  let token: string;
  try {
    token = readFileSync(tokenFile, 'utf8').trim();
  } catch (error) {
    throw usage(`The token file cannot be read: ${error instanceof Error ? error.message : String(error)}.`);
  }
  if (token === '') throw usage('The token file is empty.', 'Make a token with: wardrobe admin token create');
  return { url: parsed, token };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}

/**
 * Sends ids first, with packfiles only of states that the cache has forgotten or not merged to the end; where the store lacks states that it
 * merged, the server asks for their packfiles, and the report goes again with these.
 * @throws CliError with the server's own sentence when it refuses
 */
export async function sendReport(server: Server, report: MachineReport, signal: AbortSignal): Promise<ReportAnswer> {
  const first = await post(
    server,
    withIntroduced(report, () => false),
    signal,
  );
  if (first.ask.length === 0) return first;
  const asked = new Map(first.ask.map(({ sighting, states }) => [sighting, new Set(states)]));
  return post(
    server,
    withIntroduced(report, (sighting, state) => asked.get(sighting)?.has(state) === true),
    signal,
  );
}

function withIntroduced(report: MachineReport, isAsked: (sighting: number, state: string) => boolean): MachineReport {
  return { ...report, sightings: report.sightings.map((sighting, index) => onlyWanted(sighting, (state) => isAsked(index, state))) };
}

function onlyWanted(sighting: MachineReport['sightings'][number], isAsked: (state: string) => boolean): MachineReport['sightings'][number] {
  const merged = new Set(sighting.states);
  const states = sighting.introduced.states.filter(({ state }) => !merged.has(state) || isAsked(state));
  return { ...sighting, introduced: { scope: 'asked', states } };
}

async function post(server: Server, report: MachineReport, signal: AbortSignal): Promise<ReportAnswer> {
  const body = await pack(JSON.stringify(report));
  let response: Response;
  try {
    response = await fetch(new URL(API_PATHS.report, server.url), {
      method: 'POST',
      redirect: 'error',
      headers: { authorization: `Bearer ${server.token}`, 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: new Uint8Array(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : error instanceof Error ? error.message : String(error);
    throw new CliError(EXIT.usage, `The server ${server.url.host} cannot be reached: ${cause}.`, 'Check the address and that the server runs.', {
      cause: error,
    });
  }
  const text = await response.text();
  if (!response.ok) throw refusal(response.status, text);
  const parsed = reportAnswer.safeParse(parseJson(text));
  if (!parsed.success) throw new CliError(EXIT.usage, `${server.url.host} answered something that is not Wardrobe's.`, 'Check the address.');
  return parsed.data;
}

function refusal(status: number, text: string): CliError {
  const said = serverWords(text);
  return new CliError(
    status === 401 || status === 403 ? EXIT.denied : EXIT.usage,
    said?.sentence ?? `The server refused the report (HTTP ${status}).`,
    said?.next ?? null,
  );
}
