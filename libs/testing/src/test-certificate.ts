import { generateKeyPairSync, sign } from 'node:crypto';

/** PEM of a certificate for 127.0.0.1 and localhost that is its own authority, and of its key; made anew at each call. */
export function testCertificate(): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(tagged(0x31, sequence(oid(0x55, 0x04, 0x03), tagged(0x0c, Buffer.from('wardrobe test')))));
  const algorithm = sequence(oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
  const day = 86_400_000;
  const validity = sequence(moment(Date.now() - day), moment(Date.now() + 30 * day));
  const alternatives = sequence(tagged(0x82, Buffer.from('localhost')), tagged(0x87, Buffer.from([127, 0, 0, 1])));
  const extensions = sequence(
    sequence(oid(0x55, 0x1d, 0x13), tagged(0x01, Buffer.of(0xff)), tagged(0x04, sequence(tagged(0x01, Buffer.of(0xff))))),
    sequence(oid(0x55, 0x1d, 0x11), tagged(0x04, alternatives)),
  );
  const content = sequence(
    tagged(0xa0, tagged(0x02, Buffer.of(2))),
    tagged(0x02, Buffer.of(1)),
    algorithm,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, extensions),
  );
  const signature = tagged(0x03, Buffer.concat([Buffer.of(0), sign('sha256', content, privateKey)]));
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: pem(sequence(content, algorithm, signature)) };
}

function tagged(tag: number, content: Buffer): Buffer {
  if (content.length < 128) return Buffer.concat([Buffer.of(tag, content.length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, content.length >> 8, content.length & 0xff), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function oid(...bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes));
}

function moment(atMs: number): Buffer {
  return tagged(
    0x17,
    Buffer.from(
      `${new Date(atMs)
        .toISOString()
        .replace(/[-:T]|\.\d{3}/g, '')
        .slice(2)}`,
    ),
  );
}

function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}
