import { defineConfig } from 'prisma/config';

/** For developers only: the product applies the checked-in migrations itself (libs/db/src/migrate.ts). */
export default defineConfig({
  schema: 'libs/db/prisma/schema.prisma',
  migrations: { path: 'libs/db/prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://localhost/wardrobe' },
});
