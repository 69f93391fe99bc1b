import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NextConfig } from 'next';

const here = dirname(fileURLToPath(import.meta.url));
const workspaceRoot = join(here, '../..');

const config: NextConfig = {
  outputFileTracingRoot: workspaceRoot,
  turbopack: {
    root: workspaceRoot,
    rules: Object.fromEntries(
      ['*.ts', '*.tsx'].map((glob) => [
        glob,
        { condition: { path: /libs\/(ui|words|contracts|kloset-model)\/src\// }, loaders: [join(here, 'build/ts-endings-loader.cjs')] },
      ]),
    ),
  },
  transpilePackages: ['@wardrobe/ui', '@wardrobe/contracts', '@wardrobe/words', '@wardrobe/kloset-model'],
  // Types are checked once for the whole workspace by the `typecheck` target, not again by each build.
  typescript: { ignoreBuildErrors: true },
  poweredByHeader: false,
  reactStrictMode: true,
  devIndicators: false,
  images: { unoptimized: true },
  // Going back to a page is immediate: its frame is kept, its data is the query cache's and follows the live events.
  experimental: { optimizePackageImports: ['@wardrobe/ui', 'radix-ui'], staleTimes: { dynamic: 120, static: 120 } },
};

export default config;
