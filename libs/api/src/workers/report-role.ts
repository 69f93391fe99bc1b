import { parseReport } from '../engine/report-parsing.js';

/** Reports are untrusted and up to 64 MiB: unpacked, parsed and validated away from the main thread. */
export function reportMethods() {
  return {
    parse: ({ bytes, gzip }: { bytes: Uint8Array; gzip: boolean }) => parseReport(bytes, gzip),
  };
}

export type ReportMethods = ReturnType<typeof reportMethods>;
