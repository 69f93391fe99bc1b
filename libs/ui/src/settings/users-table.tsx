'use client';
import type { UserDto } from '@wardrobe/contracts';
import { Button } from '../controls/button.js';
import { RelativeTime } from '../foundation/time.js';

export type UsersTableProps = {
  readonly users: readonly UserDto[];
  readonly meId: string | null;
  readonly onRole: (user: UserDto, role: UserDto['role']) => void;
  readonly onRemove: (user: UserDto) => void;
};

/** People of the console. One's own role cannot be changed here, so that an admin is always left. */
export function UsersTable({ users, meId, onRole, onRemove }: UsersTableProps) {
  return (
    <table className="tbl rows-to-blocks" data-list tabIndex={-1}>
      <caption className="sr">People who may sign in</caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">E-mail</th>
          <th scope="col">Role</th>
          <th scope="col" className="num">
            Last seen
          </th>
          <th scope="col">
            <span className="sr">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {users.map((user) => (
          <tr key={user.id}>
            <th scope="row">
              {user.name}
              {user.id === meId ? <span className="faint"> · you</span> : null}
            </th>
            <td className="break-all">{user.email}</td>
            <td>
              {user.id === meId ? (
                user.role
              ) : (
                <select
                  className="input w-28"
                  aria-label={`Role of ${user.name}`}
                  value={user.role}
                  onChange={(event) => onRole(user, event.target.value === 'admin' ? 'admin' : 'viewer')}
                >
                  <option value="admin">admin</option>
                  <option value="viewer">viewer</option>
                </select>
              )}
            </td>
            <td className="num">
              <RelativeTime at={user.lastSeenAt} />
            </td>
            <td className="num">
              {user.id === meId ? null : (
                <Button small onClick={() => onRemove(user)} aria-label={`Remove ${user.name}`}>
                  Remove
                </Button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
