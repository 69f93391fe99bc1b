import { createReadStream, existsSync } from 'node:fs';
import { chmod, lutimes, mkdir, rename, rm, symlink, utimes } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { dirname, resolve, sep } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';

/**
 * Unpacks a .tar.gz of ours into `folder`, aside and then renamed: a folder that is there is whole. Does nothing when it is there.
 * Times are kept (the caches' readers look at them), owners are not.
 */
export async function unpackOnce(archive: string, folder: string): Promise<void> {
  if (existsSync(folder)) return;
  const aside = `${folder}.new`;
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { recursive: true, mode: 0o700 });
  const folders: { path: string; header: Header }[] = [];
  const reader = extract();
  const done = pipeline(createReadStream(archive), createGunzip(), reader);
  for await (const entry of reader) {
    const path = resolve(aside, entry.header.name);
    if (path !== aside && !path.startsWith(aside + sep)) throw new Error(`the archive names a file outside itself: ${entry.header.name}`);
    if (entry.header.type === 'directory') {
      await mkdir(path, { recursive: true });
      folders.push({ path, header: entry.header });
    } else if (entry.header.type === 'file') {
      await mkdir(dirname(path), { recursive: true });
      await pipeline(entry, createWriteStream(path, { mode: entry.header.mode ?? 0o600 }));
      await setTimes(path, entry.header);
    } else if (entry.header.type === 'symlink' && entry.header.linkname) {
      await symlink(entry.header.linkname, path);
      if (entry.header.mtime) await lutimes(path, entry.header.mtime, entry.header.mtime);
    }
    entry.resume();
  }
  await done;
  // Children first: writing into a folder changes its time.
  for (const { path, header } of folders.reverse()) {
    await chmod(path, (header.mode ?? 0o700) | 0o700);
    await setTimes(path, header);
  }
  await rename(aside, folder);
}

async function setTimes(path: string, header: Header): Promise<void> {
  if (header.mtime) await utimes(path, header.mtime, header.mtime);
}
