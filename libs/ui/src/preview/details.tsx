'use client';
import type { EntryDetailDto, EntryRowDto } from '@wardrobe/contracts';
import { counted, figure } from '@wardrobe/words';
import type { ReactNode } from 'react';
import { nameText, percentDecode } from '@wardrobe/kloset-model';
import { TYPE_WORD } from '../explorer/entry-words.js';
import { Notice } from '../feedback/notice.js';
import { LoadingRows } from '../feedback/states.js';
import { bytesWord } from '../foundation/format.js';
import { useTimes } from '../foundation/times-provider.js';

/** Everything that is kept of an entry. Parts that cannot be read are named; the rest stays. */
export function Details({ entry, detail }: { readonly entry: EntryRowDto; readonly detail: EntryDetailDto | undefined }) {
  return (
    <div className="preview-details">
      {detail?.problem ? (
        <Notice kind="danger" fact={detail.problem.sentence}>
          {detail.problem.next}
        </Notice>
      ) : null}
      <dl className="kv">
        <Fact name="Path" mono>
          {nameText(percentDecode(entry.path))}
        </Fact>
        {entry.name.bytes === undefined ? null : (
          <Fact name="Name, as bytes" mono>
            {entry.path.slice(entry.path.lastIndexOf('/') + 1)}
          </Fact>
        )}
        <Fact name="Kind">{TYPE_WORD[entry.type]}</Fact>
        {entry.type === 'file' ? (
          <Fact name="Size">
            {figure(entry.sizeBytes)} bytes{entry.sizeBytes < 1024 ? '' : ` (${bytesWord(entry.sizeBytes)})`}
          </Fact>
        ) : null}
        {entry.target === null ? null : (
          <Fact name="Leads to" mono>
            {entry.target.text}
          </Fact>
        )}
        {entry.problem === null ? <Owned entry={entry} /> : null}
        <ObjectFacts detail={detail} />
      </dl>
      {detail === undefined ? <LoadingRows what="the details" rows={3} /> : <Parts detail={detail} />}
    </div>
  );
}

function Fact({ name, mono = false, children }: { readonly name: string; readonly mono?: boolean; readonly children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd className={mono ? 'mono' : undefined}>{children}</dd>
    </>
  );
}

function Owned({ entry }: { readonly entry: EntryRowDto }) {
  const times = useTimes();
  const owner = (name: string, id: string): string => (name === '' || name === id ? id : `${name} (${id})`);
  return (
    <>
      {entry.contentType === null || entry.contentType === '' ? null : <Fact name="Type">{entry.contentType}</Fact>}
      <Fact name="Modified">
        <time dateTime={entry.mtime} title={`${entry.mtimeNs} ns since 1970`} suppressHydrationWarning>
          {times.exact(Date.parse(entry.mtime))}
        </time>
      </Fact>
      <Fact name="Mode" mono>
        {entry.mode} {entry.permissions}
      </Fact>
      <Fact name="Owner, group" mono>
        {owner(entry.user, entry.uid)} : {owner(entry.group, entry.gid)}
      </Fact>
      {entry.nlink > 1 && entry.type === 'file' ? <Fact name="Hard links">{figure(entry.nlink)}</Fact> : null}
    </>
  );
}

function ObjectFacts({ detail }: { readonly detail: EntryDetailDto | undefined }) {
  const object = detail?.object;
  if (!object) return null;
  return (
    <>
      <Fact name="Object" mono>
        {object.mac}
      </Fact>
      <Fact name="Content MAC" mono>
        {object.contentMac}
      </Fact>
      <Fact name="Entropy">{object.entropy.toFixed(2)} bits a byte</Fact>
    </>
  );
}

function Parts({ detail }: { readonly detail: EntryDetailDto }) {
  const { object, xattrs, errors } = detail;
  return (
    <>
      {errors.length === 0 ? null : (
        <Notice kind="warning" fact={`${counted(errors.length, 'entry', 'entries')} could not be backed up.`}>
          {errors.join(' ')}
        </Notice>
      )}
      {xattrs.length === 0 ? null : (
        <table className="tbl">
          <caption className="preview-caption">{counted(xattrs.length, 'extended attribute')}</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {xattrs.map((xattr) => (
              <tr key={xattr.name.bytes ?? xattr.name.text}>
                <th scope="row" className="mono">
                  {xattr.name.text}
                </th>
                <td className="mono breaks">{xattr.value ?? (xattr.sizeBytes === null ? 'cannot be read' : bytesWord(xattr.sizeBytes))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {object === null ? null : (
        <table className="tbl">
          <caption className="preview-caption">
            {counted(object.chunkCount, 'chunk')}
            {object.chunkCount > object.chunks.length ? `, the first ${figure(object.chunks.length)} here` : ''}
          </caption>
          <thead>
            <tr>
              <th scope="col">Chunk</th>
              <th scope="col">Packfile</th>
              <th scope="col" className="num">
                Length
              </th>
            </tr>
          </thead>
          <tbody>
            {object.chunks.map((chunk, index) => (
              <tr key={`${chunk.mac} ${index}`}>
                <th scope="row">
                  <code title={chunk.mac}>{chunk.mac.slice(0, 8)}</code>
                </th>
                <td>{chunk.packfile === null ? <b className="missing">missing</b> : <code title={chunk.packfile}>{chunk.packfile.slice(0, 8)}</code>}</td>
                <td className="num">{figure(chunk.lengthBytes)} B</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
