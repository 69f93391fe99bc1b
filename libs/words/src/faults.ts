import type { ErrorFacts, ErrorWords } from './error-sentences.js';

/** What keeps a store from being reached or used; the words of the store interface. */
export type LineFault = 'name' | 'route' | 'trust' | 'credentials' | 'timeout' | 'throttled' | 'server' | 'line' | 'archived';

const FAULTS = {
  name: ["The name of the store's host has no address", 'Check the host in the location, and whether this machine can resolve names.'],
  route: ["The store's host cannot be reached", 'Check host and port in the location, the network, and whether the server runs.'],
  trust: ["The store's server is not the one to be trusted", 'Check its certificate or host key with whoever runs it, then make it known to this machine.'],
  credentials: ['The server refuses the credentials', 'Check key, user and password in the options of the store; they may have expired.'],
  timeout: ['The server did not answer in time', 'Check the network and the server, then try again. Nothing is wrong with the data.'],
  throttled: ['The server asks to slow down', 'Wait a while, then try again.'],
  server: ['The server failed by itself', 'Look into its log, then try again. Nothing is wrong with the data as far as can be told.'],
  line: ['The connection broke or gave other bytes than it promised', 'Try again. It is the line: nothing is known to be wrong with the data.'],
  archived: ['A file of the store lies in an archive class', 'Bring it back there first, then try again.'],
} as const satisfies Record<LineFault, readonly [string, string]>;

/** What happened and what to do where a store's line fails. */
export function faultWords(fault: LineFault, { detail }: Pick<ErrorFacts, 'detail'> = {}): ErrorWords {
  const [sentence, next] = FAULTS[fault];
  return { sentence: `${sentence}${detail === undefined ? '' : `: ${detail}`}.`, next };
}
