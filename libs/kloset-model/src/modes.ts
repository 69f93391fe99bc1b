/** Bits of Go's os.FileMode as stored in entries. @source 02-snapshot 3.2 */
export const GO_MODE = {
  directory: 0x80000000,
  append: 0x40000000,
  exclusive: 0x20000000,
  temporary: 0x10000000,
  symlink: 0x08000000,
  device: 0x04000000,
  fifo: 0x02000000,
  socket: 0x01000000,
  setuid: 0x00800000,
  setgid: 0x00400000,
  charDevice: 0x00200000,
  sticky: 0x00100000,
  irregular: 0x00080000,
} as const;

const LETTERS = 'dalTLDpSugct?';

/** What an entry is; one word each. */
export type EntryTypeName = 'file' | 'directory' | 'symlink' | 'fifo' | 'socket' | 'device' | 'irregular';

function has(mode: number, bit: number): boolean {
  return (mode & bit) !== 0;
}

export function entryTypeOf(goMode: number): EntryTypeName {
  if (has(goMode, GO_MODE.directory)) return 'directory';
  if (has(goMode, GO_MODE.symlink)) return 'symlink';
  if (has(goMode, GO_MODE.fifo)) return 'fifo';
  if (has(goMode, GO_MODE.socket)) return 'socket';
  if (has(goMode, GO_MODE.device) || has(goMode, GO_MODE.charDevice)) return 'device';
  return has(goMode, GO_MODE.irregular) ? 'irregular' : 'file';
}

/** POSIX permission bits with setuid, setgid and sticky: 0 … 0o7777. */
export function permissionsOf(goMode: number): number {
  const special = (has(goMode, GO_MODE.setuid) ? 0o4000 : 0) | (has(goMode, GO_MODE.setgid) ? 0o2000 : 0) | (has(goMode, GO_MODE.sticky) ? 0o1000 : 0);
  return (goMode & 0o777) | special;
}

/** Go's mode for an entry type and POSIX permissions. */
export function goModeOf(type: EntryTypeName, permissions: number): number {
  const typeBit = type === 'file' ? 0 : GO_MODE[type];
  const special =
    ((permissions & 0o4000) !== 0 ? GO_MODE.setuid : 0) |
    ((permissions & 0o2000) !== 0 ? GO_MODE.setgid : 0) |
    ((permissions & 0o1000) !== 0 ? GO_MODE.sticky : 0);
  return (typeBit | special | (permissions & 0o777)) >>> 0;
}

/** plakar's form: `drwxr-xr-x`, `-rw-r--r--`, `Lrwxrwxrwx`, `urwxr-xr-x`, `dtrwxrwxrwx`. */
export function modeText(goMode: number): string {
  let letters = '';
  for (let i = 0; i < LETTERS.length; i++) if ((goMode & (0x80000000 >>> i)) !== 0) letters += LETTERS[i];
  let permissions = '';
  for (let i = 0; i < 9; i++) permissions += (goMode & (0o400 >> i)) !== 0 ? 'rwxrwxrwx'[i] : '-';
  return (letters || '-') + permissions;
}

/** `0o4755`, `0o644`. */
export function permissionsText(permissions: number): string {
  return `0o${permissions.toString(8)}`;
}

/** `ls -l` form of an entry: `-rwsr-xr-x`, `drwxrwxrwt`, `lrwxrwxrwx`. */
export function posixModeText(goMode: number): string {
  const kind = { file: '-', directory: 'd', symlink: 'l', fifo: 'p', socket: 's', device: has(goMode, GO_MODE.charDevice) ? 'c' : 'b', irregular: '?' }[
    entryTypeOf(goMode)
  ];
  const triple = (shift: number, special: boolean, letter: string): string => {
    const bits = (goMode >> shift) & 7;
    const execute = (bits & 1) !== 0;
    const last = special ? (execute ? letter : letter.toUpperCase()) : execute ? 'x' : '-';
    return ((bits & 4) !== 0 ? 'r' : '-') + ((bits & 2) !== 0 ? 'w' : '-') + last;
  };
  return kind + triple(6, has(goMode, GO_MODE.setuid), 's') + triple(3, has(goMode, GO_MODE.setgid), 's') + triple(0, has(goMode, GO_MODE.sticky), 't');
}
