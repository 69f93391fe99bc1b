/** Addresses of the console's pages. */
export const paths = {
  stores: '/',
  newStore: '/stores/new',
  jobs: '/jobs',
  settings: '/settings',
  machines: (storeId: string) => `/stores/${encodeURIComponent(storeId)}`,
  machine: (storeId: string, machineId: string) => `/stores/${encodeURIComponent(storeId)}/machines/${encodeURIComponent(machineId)}`,
  matrix: (storeId: string) => `/stores/${encodeURIComponent(storeId)}/matrix`,
  divergence: (storeId: string, finding?: string) =>
    `/stores/${encodeURIComponent(storeId)}/divergence${finding === undefined ? '' : `?finding=${encodeURIComponent(finding)}`}`,
  snapshots: (storeId: string) => `/stores/${encodeURIComponent(storeId)}/snapshots`,
  explore: (storeId: string, snapshotId: string) => `/stores/${encodeURIComponent(storeId)}/explore?snapshot=${snapshotId}`,
  storeJobs: (storeId: string) => `/stores/${encodeURIComponent(storeId)}/jobs`,
  newJob: (storeId: string, kind: string, snapshots: readonly string[] = []) =>
    `/stores/${encodeURIComponent(storeId)}/jobs/new?kind=${kind}${snapshots.length === 0 ? '' : `&snapshots=${snapshots.join(',')}`}`,
  /** Restore of one file or folder (percent-encoded path) to the server. */
  restoreOf: (storeId: string, snapshotId: string, path: string) =>
    `/stores/${encodeURIComponent(storeId)}/jobs/new?kind=restore&snapshots=${snapshotId}&path=${encodeURIComponent(path)}`,
  /** A repair of what one finding is about, with every option. */
  repairOf: (storeId: string, findingId: string) => `/stores/${encodeURIComponent(storeId)}/jobs/new?kind=repair&finding=${encodeURIComponent(findingId)}`,
  planOf: (storeId: string, kind: string, planId: string) => `/stores/${encodeURIComponent(storeId)}/jobs/new?kind=${kind}&plan=${planId}`,
  addMachine: (storeId: string) => `/stores/${encodeURIComponent(storeId)}/add-machine`,
  storeSettings: (storeId: string) => `/stores/${encodeURIComponent(storeId)}/settings`,
  unlock: (storeId: string) => `/stores/${encodeURIComponent(storeId)}/unlock`,
} as const;
