-- AlterTable
ALTER TABLE "jobs" ADD COLUMN     "dry_run" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "lane" TEXT,
ADD COLUMN     "result" JSONB;

-- Closed vocabularies
ALTER TABLE "jobs" DROP CONSTRAINT "jobs_state_check";
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_state_check" CHECK ("state" IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted'));
