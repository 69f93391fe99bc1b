-- CreateTable
CREATE TABLE "stores" (
    "id" BIGSERIAL NOT NULL,
    "name" TEXT NOT NULL,
    "location" TEXT NOT NULL,
    "repository_id" UUID NOT NULL,
    "encrypted" BOOLEAN NOT NULL,
    "key_kept" TEXT NOT NULL,
    "sealed_key" BYTEA,
    "sealed_options" BYTEA,
    "status" TEXT NOT NULL DEFAULT 'never-read',
    "problem" JSONB,
    "line" TEXT NOT NULL DEFAULT 'unknown',
    "refresh_interval_seconds" INTEGER NOT NULL DEFAULT 300,
    "unknown_after_hours" INTEGER NOT NULL DEFAULT 26,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_read_at" TIMESTAMPTZ(3),
    "newest_snapshot_at" TIMESTAMPTZ(3),
    "logical_bytes" BIGINT,
    "headline" TEXT,
    "revision" BIGINT NOT NULL DEFAULT 0,
    "facts" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "stores_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "store_remotes" (
    "store_id" BIGINT NOT NULL,
    "read_at" TIMESTAMPTZ(3) NOT NULL,
    "packfiles" BYTEA NOT NULL,
    "tombstoned" BYTEA NOT NULL,
    "facts" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "store_remotes_pkey" PRIMARY KEY ("store_id")
);

-- CreateTable
CREATE TABLE "states" (
    "id" SERIAL NOT NULL,
    "store_id" BIGINT NOT NULL,
    "mac" BYTEA NOT NULL,
    "version" TEXT,
    "size_bytes" BIGINT,
    "serial" TEXT,
    "parent" BYTEA,
    "metadata_ns" BIGINT,
    "first_listed_at" TIMESTAMPTZ(3),
    "last_listed_at" TIMESTAMPTZ(3),
    "gone_at" TIMESTAMPTZ(3),
    "readable" BOOLEAN,
    "error" JSONB,
    "brings" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "colours" INTEGER[] DEFAULT ARRAY[]::INTEGER[],

    CONSTRAINT "states_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "snapshots" (
    "id" SERIAL NOT NULL,
    "store_id" BIGINT NOT NULL,
    "mac" BYTEA NOT NULL,
    "availability" TEXT NOT NULL DEFAULT 'absent',
    "scheduled_for_deletion" BOOLEAN NOT NULL DEFAULT false,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "published_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "packed_at" TIMESTAMPTZ(3),
    "lock" JSONB,
    "packfiles" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "states" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "problem" JSONB,
    "taken_at" TIMESTAMPTZ(3),
    "taken_at_ns" BIGINT,
    "duration_ms" BIGINT,
    "name" TEXT,
    "category" TEXT,
    "environment" TEXT,
    "perimeter" TEXT,
    "job" TEXT,
    "tags" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "host" TEXT,
    "user_name" TEXT,
    "client" TEXT,
    "os" TEXT,
    "backup_machine_id" TEXT,
    "source_type" TEXT,
    "origin" TEXT,
    "directory_text" TEXT,
    "directory_bytes" BYTEA,
    "size_bytes" BIGINT,
    "files" BIGINT,
    "directories" BIGINT,
    "symlinks" BIGINT,
    "errors" BIGINT,
    "search" TEXT,
    "sealed" BYTEA,

    CONSTRAINT "snapshots_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "packfiles" (
    "id" SERIAL NOT NULL,
    "store_id" BIGINT NOT NULL,
    "mac" BYTEA NOT NULL,

    CONSTRAINT "packfiles_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "machines" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "renamed" BOOLEAN NOT NULL DEFAULT false,
    "host_name" TEXT NOT NULL,
    "os" TEXT NOT NULL,
    "agent_version" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_report_at" TIMESTAMPTZ(3),
    "clock_skew_ms" BIGINT,
    "retired_at" TIMESTAMPTZ(3),
    "merged_into_id" UUID,

    CONSTRAINT "machines_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reports" (
    "id" BIGSERIAL NOT NULL,
    "machine_id" UUID NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "source" TEXT NOT NULL,
    "token_id" UUID,
    "agent_version" TEXT NOT NULL,
    "size_bytes" INTEGER NOT NULL,
    "counts" JSONB NOT NULL,
    "failures" JSONB NOT NULL DEFAULT '[]',
    "notes" JSONB NOT NULL DEFAULT '[]',

    CONSTRAINT "reports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sightings" (
    "id" SERIAL NOT NULL,
    "store_id" BIGINT NOT NULL,
    "machine_id" UUID NOT NULL,
    "os_user" TEXT NOT NULL,
    "cache" TEXT NOT NULL,
    "tool" TEXT NOT NULL,
    "line" TEXT NOT NULL,
    "copy" TEXT NOT NULL,
    "report_id" BIGINT,
    "reporter_id" UUID NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "first_received_at" TIMESTAMPTZ(3) NOT NULL,
    "changed_at" TIMESTAMPTZ(3) NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "in_motion" BOOLEAN NOT NULL,
    "motion_why" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "digest" BYTEA NOT NULL,
    "content_hash" BYTEA NOT NULL,
    "states" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "shown" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "deleted" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "shown_packfiles" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "shown_offsets" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "introduced_scope" TEXT NOT NULL,
    "introduced_states" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "introduced_offsets" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "introduced_packs" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "lone_states" JSONB NOT NULL DEFAULT '[]',
    "set_aside" JSONB NOT NULL DEFAULT '[]',
    "counts" JSONB NOT NULL DEFAULT '{}',
    "problem" JSONB,
    "gone_at" TIMESTAMPTZ(3),

    CONSTRAINT "sightings_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "machine_stores" (
    "store_id" BIGINT NOT NULL,
    "machine_id" UUID NOT NULL,
    "verdict" TEXT NOT NULL,
    "worst" TEXT NOT NULL,
    "counts" JSONB NOT NULL,
    "digest" TEXT NOT NULL,
    "newest_seen_at" TIMESTAMPTZ(3),
    "last_report_at" TIMESTAMPTZ(3),
    "computed_at" TIMESTAMPTZ(3) NOT NULL,
    "exception_snapshots" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "exception_cells" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "exception_causes" INTEGER[] DEFAULT ARRAY[]::INTEGER[],
    "causes" JSONB NOT NULL DEFAULT '[]',
    "facts" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "machine_stores_pkey" PRIMARY KEY ("store_id","machine_id")
);

-- CreateTable
CREATE TABLE "verdict_changes" (
    "id" BIGSERIAL NOT NULL,
    "store_id" BIGINT NOT NULL,
    "machine_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "verdict" TEXT NOT NULL,
    "counts" JSONB NOT NULL,

    CONSTRAINT "verdict_changes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "divergences" (
    "id" BIGSERIAL NOT NULL,
    "store_id" BIGINT NOT NULL,
    "machine_id" UUID NOT NULL,
    "snapshot_id" INTEGER NOT NULL,
    "cell" TEXT NOT NULL,
    "cause" JSONB NOT NULL,
    "cache" TEXT,
    "os_user" TEXT,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "began_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "ended_as" TEXT,

    CONSTRAINT "divergences_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "store_findings" (
    "id" BIGSERIAL NOT NULL,
    "store_id" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "detail" TEXT NOT NULL,
    "snapshots" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "facts" JSONB NOT NULL DEFAULT '{}',
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),

    CONSTRAINT "store_findings_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3),

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "secret_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3),
    "address" TEXT,
    "user_agent" TEXT,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "one_time_links" (
    "id" UUID NOT NULL,
    "purpose" TEXT NOT NULL,
    "secret_hash" BYTEA NOT NULL,
    "user_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "one_time_links_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tokens" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "secret_hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "created_by" TEXT,
    "last_used_at" TIMESTAMPTZ(3),
    "last_address" TEXT,
    "revoked_at" TIMESTAMPTZ(3),
    "machine_id" UUID,
    "bound_at" TIMESTAMPTZ(3),

    CONSTRAINT "tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "jobs" (
    "id" BIGSERIAL NOT NULL,
    "kind" TEXT NOT NULL,
    "store_id" BIGINT,
    "key" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'queued',
    "payload" JSONB NOT NULL DEFAULT '{}',
    "done" BIGINT NOT NULL DEFAULT 0,
    "total" BIGINT,
    "label" TEXT NOT NULL DEFAULT '',
    "log" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "problem" JSONB,
    "started_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "run_after" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "heartbeat_at" TIMESTAMPTZ(3),
    "ended_at" TIMESTAMPTZ(3),
    "worker" TEXT,
    "cancel_asked" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "jobs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "id" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "who" TEXT NOT NULL,
    "user_id" UUID,
    "what" TEXT NOT NULL,
    "about" TEXT NOT NULL,
    "address" TEXT,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rate_limits" (
    "key" TEXT NOT NULL,
    "count" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "settings" (
    "key" TEXT NOT NULL,
    "value" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "settings_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "stores_repository_id_idx" ON "stores"("repository_id");

-- CreateIndex
CREATE UNIQUE INDEX "states_store_id_mac_key" ON "states"("store_id", "mac");

-- CreateIndex
CREATE INDEX "snapshots_store_id_taken_at_ns_id_idx" ON "snapshots"("store_id", "taken_at_ns", "id");

-- CreateIndex
CREATE UNIQUE INDEX "snapshots_store_id_mac_key" ON "snapshots"("store_id", "mac");

-- CreateIndex
CREATE UNIQUE INDEX "packfiles_store_id_mac_key" ON "packfiles"("store_id", "mac");

-- CreateIndex
CREATE INDEX "reports_machine_id_received_at_idx" ON "reports"("machine_id", "received_at");

-- CreateIndex
CREATE INDEX "reports_received_at_idx" ON "reports"("received_at");

-- CreateIndex
CREATE INDEX "sightings_machine_id_idx" ON "sightings"("machine_id");

-- CreateIndex
CREATE UNIQUE INDEX "sightings_store_id_machine_id_os_user_cache_line_key" ON "sightings"("store_id", "machine_id", "os_user", "cache", "line");

-- CreateIndex
CREATE INDEX "machine_stores_machine_id_idx" ON "machine_stores"("machine_id");

-- CreateIndex
CREATE INDEX "verdict_changes_store_id_machine_id_at_idx" ON "verdict_changes"("store_id", "machine_id", "at");

-- CreateIndex
CREATE INDEX "divergences_store_id_ended_at_machine_id_idx" ON "divergences"("store_id", "ended_at", "machine_id");

-- CreateIndex
CREATE INDEX "divergences_machine_id_snapshot_id_idx" ON "divergences"("machine_id", "snapshot_id");

-- CreateIndex
CREATE INDEX "divergences_snapshot_id_idx" ON "divergences"("snapshot_id");

-- CreateIndex
CREATE INDEX "store_findings_store_id_ended_at_idx" ON "store_findings"("store_id", "ended_at");

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE UNIQUE INDEX "sessions_secret_hash_key" ON "sessions"("secret_hash");

-- CreateIndex
CREATE INDEX "sessions_user_id_idx" ON "sessions"("user_id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "one_time_links_secret_hash_key" ON "one_time_links"("secret_hash");

-- CreateIndex
CREATE UNIQUE INDEX "tokens_secret_hash_key" ON "tokens"("secret_hash");

-- CreateIndex
CREATE INDEX "tokens_machine_id_idx" ON "tokens"("machine_id");

-- CreateIndex
CREATE INDEX "jobs_state_run_after_idx" ON "jobs"("state", "run_after");

-- CreateIndex
CREATE INDEX "jobs_store_id_created_at_idx" ON "jobs"("store_id", "created_at");

-- CreateIndex
CREATE INDEX "audit_entries_at_idx" ON "audit_entries"("at");

-- CreateIndex
CREATE INDEX "rate_limits_started_at_idx" ON "rate_limits"("started_at");

-- AddForeignKey
ALTER TABLE "store_remotes" ADD CONSTRAINT "store_remotes_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "states" ADD CONSTRAINT "states_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "snapshots" ADD CONSTRAINT "snapshots_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "packfiles" ADD CONSTRAINT "packfiles_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machines" ADD CONSTRAINT "machines_merged_into_id_fkey" FOREIGN KEY ("merged_into_id") REFERENCES "machines"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reports" ADD CONSTRAINT "reports_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reports" ADD CONSTRAINT "reports_token_id_fkey" FOREIGN KEY ("token_id") REFERENCES "tokens"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sightings" ADD CONSTRAINT "sightings_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sightings" ADD CONSTRAINT "sightings_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine_stores" ADD CONSTRAINT "machine_stores_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "machine_stores" ADD CONSTRAINT "machine_stores_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "verdict_changes" ADD CONSTRAINT "verdict_changes_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "verdict_changes" ADD CONSTRAINT "verdict_changes_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "divergences" ADD CONSTRAINT "divergences_snapshot_id_fkey" FOREIGN KEY ("snapshot_id") REFERENCES "snapshots"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "store_findings" ADD CONSTRAINT "store_findings_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "one_time_links" ADD CONSTRAINT "one_time_links_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_machine_id_fkey" FOREIGN KEY ("machine_id") REFERENCES "machines"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE SET NULL ON UPDATE CASCADE;


-- Closed vocabularies
ALTER TABLE "stores" ADD CONSTRAINT "stores_key_kept_check" CHECK ("key_kept" IN ('none', 'encrypted', 'memory'));
ALTER TABLE "snapshots" ADD CONSTRAINT "snapshots_availability_check" CHECK ("availability" IN ('live', 'deleted', 'hidden', 'unreadable', 'absent'));
ALTER TABLE "states" ADD CONSTRAINT "states_mac_check" CHECK (octet_length("mac") = 32);
ALTER TABLE "snapshots" ADD CONSTRAINT "snapshots_mac_check" CHECK (octet_length("mac") = 32);
ALTER TABLE "packfiles" ADD CONSTRAINT "packfiles_mac_check" CHECK (octet_length("mac") = 32);
ALTER TABLE "users" ADD CONSTRAINT "users_role_check" CHECK ("role" IN ('admin', 'viewer'));
ALTER TABLE "users" ADD CONSTRAINT "users_email_check" CHECK ("email" = lower("email"));
ALTER TABLE "tokens" ADD CONSTRAINT "tokens_kind_check" CHECK ("kind" IN ('agent', 'read'));
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_state_check" CHECK ("state" IN ('queued', 'running', 'done', 'failed', 'cancelled'));
