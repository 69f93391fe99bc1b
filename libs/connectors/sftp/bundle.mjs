/**
 * For the bundler: the SSH client without what it makes at its start and seldom needs. The WebAssembly module of Poly1305 serves one cipher, which comes last among
 * those that are offered; the key derivation of encrypted OpenSSH keys carries curves of its own. Both are made when they are asked for.
 */
export const lightSsh = {
  name: 'light-ssh',
  setup({ onResolve, onLoad }) {
    const lazy = { poly1305: POLY1305, bcrypt: BCRYPT };
    onResolve({ filter: /^\.\/crypto\/poly1305\.js$/ }, ({ resolveDir }) => part('poly1305', resolveDir));
    onResolve({ filter: /^bcrypt-pbkdf$/ }, ({ resolveDir, namespace }) => (namespace === NAMESPACE ? undefined : part('bcrypt', resolveDir)));
    onLoad({ filter: /.*/, namespace: NAMESPACE }, ({ path, pluginData }) => ({ contents: lazy[path], loader: 'js', resolveDir: pluginData }));
  },
};

const NAMESPACE = 'light-ssh';

function part(path, resolveDir) {
  return { path, namespace: NAMESPACE, pluginData: resolveDir };
}

/** What ssh2 asks of its module, by the one function of NaCl that it is about: the tag of two pieces, left at the begin of its memory. */
const POLY1305 = `
module.exports = async () => {
  const memory = new Uint8Array(16);
  const tag = (_at, head, headBytes, body, bodyBytes, key) => {
    const { lowlevel } = require('tweetnacl');
    const bytes = Buffer.concat([head.subarray(0, headBytes), body.subarray(0, bodyBytes)]);
    lowlevel.crypto_onetimeauth(memory, 0, bytes, 0, bytes.length, key);
  };
  return { HEAPU8: memory, _malloc: () => 0, cwrap: () => tag };
};
`;

const BCRYPT = `exports.pbkdf = (...given) => require('bcrypt-pbkdf').pbkdf(...given);`;
