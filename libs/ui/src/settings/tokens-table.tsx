'use client';
import type { TokenDto } from '@wardrobe/contracts';
import { Button } from '../controls/button.js';
import { RelativeTime } from '../foundation/time.js';

/** Tokens of agents and readers; revoked ones stay listed. */
export function TokensTable({ tokens, onRevoke }: { readonly tokens: readonly TokenDto[]; readonly onRevoke: (token: TokenDto) => void }) {
  const sorted = tokens.toSorted((a, b) => Number(a.revokedAt !== null) - Number(b.revokedAt !== null) || b.createdAt.localeCompare(a.createdAt));
  return (
    <table className="tbl rows-to-blocks" data-list tabIndex={-1}>
      <caption className="sr">Tokens, valid ones first</caption>
      <thead>
        <tr>
          <th scope="col">Token</th>
          <th scope="col">For</th>
          <th scope="col">Machine</th>
          <th scope="col" className="num">
            Made
          </th>
          <th scope="col" className="num">
            Last used
          </th>
          <th scope="col">
            <span className="sr">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {sorted.map((token) => (
          <tr key={token.id}>
            <th scope="row">{token.name}</th>
            <td>{token.kind === 'agent' ? 'an agent' : 'reading'}</td>
            <td>{token.kind === 'read' ? <span className="faint">none</span> : (token.machine?.name ?? <span className="faint">not used yet</span>)}</td>
            <td className="num">
              <span className="only-phone faint">made </span>
              <RelativeTime at={token.createdAt} />
            </td>
            <td className="num">
              <span className="only-phone faint">used </span>
              <RelativeTime at={token.lastUsedAt} />
            </td>
            <td className="num">
              {token.revokedAt ? (
                <span className="faint">
                  revoked <RelativeTime at={token.revokedAt} />
                </span>
              ) : (
                <Button small onClick={() => onRevoke(token)} aria-label={`Revoke token ${token.name}`}>
                  Revoke
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
