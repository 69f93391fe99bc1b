import { KlosetError, StoreError } from '@wardrobe/kloset';
import { type ErrorCode, faultWords } from '@wardrobe/words';
import { ApiError } from '../errors/api-error.js';
import type { FailureDto } from './protocol.js';

/** A failure of the engine, rebuilt on the main thread. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
  readonly code: ErrorCode | null;
  readonly what: string | null;
  readonly detail: string | null;
  readonly retryable: boolean;
  readonly problem: FailureDto['problem'];
  constructor(failure: FailureDto) {
    super(failure.message);
    this.code = failure.code;
    this.what = failure.what;
    this.detail = failure.detail;
    this.retryable = failure.retryable;
    this.problem = failure.problem;
  }
}

/** Facts of any failure, ready to cross a thread. */
export function failureOf(error: unknown): FailureDto {
  if (error instanceof EngineFailure)
    return { code: error.code, message: error.message, what: error.what, detail: error.detail, retryable: error.retryable, problem: error.problem };
  if (error instanceof StoreError && error.fault !== undefined) {
    const problem = { code: 'store' as const, ...faultWords(error.fault, { detail: error.message }) };
    return { code: error.code, message: error.message, what: null, detail: null, retryable: error.retryable, problem };
  }
  if (error instanceof KlosetError)
    return { code: error.code, message: error.message, what: whatOf(error), detail: detailOf(error), retryable: error.retryable, problem: null };
  if (error instanceof ApiError)
    return {
      code: error.code,
      message: error.sentence,
      what: null,
      detail: null,
      retryable: false,
      problem: { code: error.code, sentence: error.sentence, next: error.next },
    };
  if (error instanceof Error && error.name === 'AbortError')
    return { code: 'cancelled', message: error.message, what: null, detail: null, retryable: true, problem: null };
  return {
    code: null,
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    what: null,
    detail: null,
    retryable: false,
    problem: null,
  };
}

/** The named thing, as a subject: "State 8c41de07". */
function whatOf(error: KlosetError): string | null {
  const facts: Readonly<Record<string, unknown>> = { ...error };
  const place = typeof facts['place'] === 'object' && facts['place'] !== null ? (facts['place'] as Readonly<Record<string, unknown>>) : {};
  const kind = textOf(place['kind']) ?? textOf(facts['kind']);
  const file = textOf(place['file']) ?? textOf(facts['id']);
  if (kind !== null && file !== null) return capital(`${kind} ${short(file)}`);
  const what = textOf(facts['what']) ?? textOf(facts['location']) ?? textOf(facts['where']);
  if (what !== null) return file === null ? capital(what) : `${capital(what)} (${short(file)})`;
  return file === null ? null : capital(short(file));
}

function detailOf(error: KlosetError): string | null {
  const facts: Readonly<Record<string, unknown>> = { ...error };
  const detail = textOf(facts['detail']);
  if (detail !== null) return detail;
  if (error.code === 'unsupported-version' && 'found' in facts) return `version ${String(facts['found'])}; this program knows ${String(facts['known'])}`;
  if (error.code === 'too-large') return `${String(facts['found'])}; the limit is ${String(facts['limit'])}`;
  if (error.code === 'store' || error.code === 'invalid-input') return error.message;
  return null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function capital(text: string): string {
  return text.startsWith('/') ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

function short(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? text.slice(0, 8) : text.slice(0, 200);
}
