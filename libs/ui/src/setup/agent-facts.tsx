import { Check, X } from 'lucide-react';

const HOLDS = [
  'Machine id, host name, system, plakar version',
  'Ids of states and snapshots this machine lists or holds as deleted',
  'Packfile ids of states the store lacks',
  'Counts, one digest, the time',
] as const;
const NEVER = ['A key or a passphrase', 'A file name or a path of a backup', 'File contents'] as const;

/** What an agent sends and what it never sends. */
export function AgentFacts() {
  return (
    <>
      <h2>What a report holds</h2>
      <ul className="tight">
        {HOLDS.map((text) => (
          <li key={text}>
            <Check className="icon small" aria-hidden />
            <span>{text}</span>
          </li>
        ))}
      </ul>
      <h2>What it never holds</h2>
      <ul className="tight never">
        {NEVER.map((text) => (
          <li key={text}>
            <X className="icon small" aria-hidden />
            <span>{text}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
