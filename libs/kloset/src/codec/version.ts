import { UnsupportedVersionError } from '../errors/errors.js';

/** `major<<16 | minor<<8 | patch`. @source 01-store 1.3 */
export const V1_0_0 = 0x010000;
export const V1_1_0 = 0x010100;

/** `1.1.0`, or `0x…` when a part above patch would not fit. */
export function versionText(version: number): string {
  return version > 0xffffff ? `0x${version.toString(16)}` : `${version >>> 16}.${(version >>> 8) & 0xff}.${version & 0xff}`;
}

/** A file or record of a version above the known one is never guessed at. @throws UnsupportedVersionError */
export function checkVersion(what: string, found: number, known: number): void {
  if (found > known) throw new UnsupportedVersionError(what, versionText(found), versionText(known));
}
