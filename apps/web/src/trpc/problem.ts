import { TRPCClientError } from '@trpc/client';
import { type ProblemDto, problem } from '@/lib/problem-shape';

const UNREACHABLE: ProblemDto = {
  code: 'store',
  sentence: 'The console does not answer.',
  next: 'Check that Wardrobe runs and that you are connected to it, then try again.',
};

/** The sentence for a failed call. Failures without one (no connection, a proxy's page) are told as such. */
export function problemOf(error: unknown): ProblemDto {
  if (error instanceof TRPCClientError) return problem(error.data) ?? UNREACHABLE;
  return UNREACHABLE;
}

/** The server answered and said why not: asking again gives the same. */
export function isExpected(error: unknown): boolean {
  return error instanceof TRPCClientError && problem(error.data) !== null;
}
