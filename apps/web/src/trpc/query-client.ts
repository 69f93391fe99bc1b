import { QueryClient } from '@tanstack/react-query';
import { isExpected } from './problem';

/** Settings shared by server and browser. Live events tell when something is old, so ages are generous. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { staleTime: 30_000, retry: (count, error) => !isExpected(error) && count < 2, refetchOnWindowFocus: true },
    },
  });
}
