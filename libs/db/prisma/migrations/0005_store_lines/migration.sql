-- CreateTable
CREATE TABLE "store_lines" (
    "store_id" BIGINT NOT NULL,
    "since" TIMESTAMPTZ(3) NOT NULL,
    "requests" BIGINT NOT NULL,
    "retries" BIGINT NOT NULL,
    "bytes_read" BIGINT NOT NULL,
    "bytes_written" BIGINT NOT NULL,
    "measured" BIGINT NOT NULL,
    "latency_ms" DOUBLE PRECISION NOT NULL,

    CONSTRAINT "store_lines_pkey" PRIMARY KEY ("store_id")
);

-- AddForeignKey
ALTER TABLE "store_lines" ADD CONSTRAINT "store_lines_store_id_fkey" FOREIGN KEY ("store_id") REFERENCES "stores"("id") ON DELETE CASCADE ON UPDATE CASCADE;
