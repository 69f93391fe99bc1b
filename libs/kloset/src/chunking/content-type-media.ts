import { type TypeRule, when, withChildren } from './content-type-head.js';

/** The main brand of a file of boxes stands at 8. */
const brand = (type: string, ...brands: readonly string[]): TypeRule => ({ type, matches: ({ text }) => brands.includes(text.slice(8, 12)) });

export const MP4_RULE: TypeRule = withChildren(
  when('video/mp4', '\x00', (text) => text.length >= 12 && text.startsWith('ftyp', 4)),
  brand('image/avif', 'avif', 'avis'),
  brand('video/3gpp', '3gp1', '3gp2', '3gp3', '3gp4', '3gp5', '3gp6', '3gp7', '3gs7', '3ge6', '3ge7', '3gg6'),
  brand('video/3gpp2', '3g24', '3g25', '3g26', '3g2a', '3g2b', '3g2c', 'KDDI'),
  brand('audio/mp4', 'F4A ', 'F4B ', 'M4B ', 'M4P ', 'MSNV', 'NDAS'),
  brand('video/quicktime', 'mqt '),
  brand('audio/x-m4a', 'M4A '),
  brand('video/x-m4v', 'M4V ', 'M4VH', 'M4VP'),
  brand('image/heic', 'heic', 'heix'),
  brand('image/heic-sequence', 'hevc', 'hevx'),
  brand('image/heif', 'mif1', 'heim', 'heis', 'avic'),
  brand('image/heif-sequence', 'msf1', 'hevm', 'hevs', 'avcs'),
  brand('video/mj2', 'mj2s', 'mjp2', 'MFSM', 'MGSV'),
  brand('video/vnd.dvb.file', ...'dby1 dsms dts1 dts2 dts3 dmb1 dmpf drc1 dv1a dv1b dv2a dv2b dv3a dv3b dvr1 dvt1 emsg'.split(' '), 'dxo '),
);

/** Boxes that a film of the older kind begins with; or its brand. */
const OLD_BOXES = ['moov\x00', 'mdat\x00', 'free\x00', 'skip\x00', 'pnot\x00'];
const FILM_BRANDS = ['ftypqt  ', 'ftypmoov'];

export const QUICKTIME_RULE: TypeRule = {
  type: 'video/quicktime',
  matches({ text }) {
    if (text.length < 12) return false;
    if (FILM_BRANDS.includes(text.slice(4, 12))) return text.startsWith('\x00');
    return OLD_BOXES.includes(text.slice(4, 9)) || text.startsWith('\x00\x00\x00\x08wide');
  },
};

/** The name of the kind stands behind the element 0x4282 and its length, which has as many bytes as its first one has leading zeros, and one. */
export function matroska(type: string, kind: string): TypeRule {
  return when(type, '\x1a', (text) => {
    const found = text.indexOf('\x42\x82');
    if (!text.startsWith('\x1a\x45\xdf\xa3') || found <= 0 || text.length <= found + 2) return false;
    const lengthBytes = Math.min(8, Math.clz32(text.charCodeAt(found + 2)) - 24 + 1);
    return text.startsWith(kind, found + 2 + lengthBytes);
  });
}
