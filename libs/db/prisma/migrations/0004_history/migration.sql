-- AlterTable
ALTER TABLE "stores" ADD COLUMN     "columns_revision" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "verdict_changes" ADD COLUMN     "worst" TEXT NOT NULL DEFAULT 'seen';

-- What was kept of older changes: the worst cell that was counted, as far as it made the verdict.
UPDATE "verdict_changes" SET "worst" = CASE "verdict"
  WHEN 'unknown' THEN 'unknown'
  WHEN 'behind' THEN CASE WHEN coalesce(("counts" ->> 'stale-delete')::int, 0) > 0 THEN 'stale-delete' ELSE 'behind' END
  WHEN 'diverged' THEN coalesce((SELECT cell FROM unnest(ARRAY['lost', 'phantom', 'unreadable', 'lost-delete', 'mismatch']) WITH ORDINALITY AS ranked(cell, rank)
    WHERE coalesce(("counts" ->> cell)::int, 0) > 0 ORDER BY rank LIMIT 1), 'mismatch')
  ELSE 'seen' END;

-- CreateTable
CREATE TABLE "lags" (
    "id" BIGSERIAL NOT NULL,
    "store_id" BIGINT NOT NULL,
    "machine_id" UUID NOT NULL,
    "cell" TEXT NOT NULL,
    "snapshots" INTEGER[],
    "began_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "lags_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "lags_store_id_machine_id_ended_at_idx" ON "lags"("store_id", "machine_id", "ended_at");

-- CreateIndex
CREATE INDEX "lags_machine_id_idx" ON "lags"("machine_id");

-- AddForeignKey
ALTER TABLE "lags" ADD CONSTRAINT "lags_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "lags" ADD CONSTRAINT "lags_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Closed vocabularies
ALTER TABLE "lags" ADD CONSTRAINT "lags_cell_check" CHECK ("cell" IN ('behind', 'stale-delete'));
