/**
 * The engine's layers, low to high: a file imports only from its own layer and from layers listed for it (design, "Layout").
 * A folder of libs/kloset/src that is not listed here is an error, so that nobody adds a layer by accident.
 */
export const LAYERS = {
  errors: [],
  bytes: ['errors'],
  codec: ['errors', 'bytes'],
  format: ['errors', 'bytes', 'codec'],
  crypto: ['errors', 'bytes', 'codec', 'format'],
  compression: ['errors', 'bytes', 'codec', 'format'],
  chunking: ['errors', 'bytes', 'codec', 'format'],
  store: ['errors', 'bytes', 'codec', 'format', 'crypto', 'compression'],
  btree: ['errors', 'bytes', 'codec', 'format', 'crypto', 'compression', 'chunking'],
  state: ['errors', 'bytes', 'codec', 'format', 'crypto', 'compression', 'chunking'],
  packfile: ['errors', 'bytes', 'codec', 'format', 'crypto', 'compression', 'chunking', 'state', 'btree'],
  repository: ['errors', 'bytes', 'codec', 'format', 'crypto', 'compression', 'chunking', 'btree', 'state', 'packfile', 'store'],
  snapshot: ['errors', 'bytes', 'codec', 'format', 'crypto', 'compression', 'chunking', 'btree', 'state', 'packfile', 'store', 'repository'],
  bulk: ['errors', 'bytes', 'codec', 'format', 'crypto', 'compression', 'chunking', 'btree', 'state', 'packfile', 'store', 'repository', 'snapshot'],
};

const PLACE = /libs\/kloset\/src\/([^/]+)\//;

/** @type {import('eslint').Rule.RuleModule} */
export const klosetLayers = {
  meta: {
    type: 'problem',
    schema: [],
    messages: { up: "layer '{{from}}' must not import '{{to}}'", unknown: "'{{from}}' is not a layer of the engine: add it to tools/lint/kloset-layers.mjs" },
  },
  create(context) {
    const filename = context.filename.replaceAll('\\', '/');
    const from = PLACE.exec(filename)?.[1];
    if (!from || /\.test\.ts$|\/testing\//.test(filename)) return {};
    function check(node) {
      const target = node.source?.value;
      if (typeof target !== 'string' || !target.startsWith('.')) return;
      if (!(from in LAYERS)) return context.report({ node, messageId: 'unknown', data: { from } });
      const resolved = new URL(target, `file://${filename}`).pathname;
      const to = PLACE.exec(resolved)?.[1];
      if (to && to !== from && !LAYERS[from].includes(to)) context.report({ node, messageId: 'up', data: { from, to } });
    }
    return { ImportDeclaration: check, ExportNamedDeclaration: check, ExportAllDeclaration: check, ImportExpression: check };
  },
};
