/**
 * The tRPC surface, by router. Inputs and outputs are the schemas of `api.ts`; `libs/api` implements it, `apps/web` calls it.
 *
 * session   me() → me · signIn({email,password}) → me · signOut() · signOutEverywhere() · setUp({setupToken,name,email,password}) → me · changePassword({current,next})
 * users     list() → user[] · create({name,email,role,password}) → user · setRole({id,role}) · remove({id})                        (admin)
 * tokens    list() → token[] · create({name,kind}) → {token, secret, command} · revoke({id})                                     (admin)
 * stores    list() → store[] · get({storeId}) → store · kinds() → storeKind[] · test(storeInput) → storeTest · add(storeInput) → store · update({storeId, …}) → store
 *           · remove({storeId, confirmName}) · refresh({storeId}) → job · unlock({storeId, passphrase, keepKey}) → store · forgetKey({storeId})
 * machines  list({storeId, retired?}) → machinesPage · get({storeId, machineId}) → machineDetail · rename({machineId,name}) · retire({machineId,retired})
 *           · merge({from,into})
 * matrix    columns({storeId, from, to}) → matrixColumn[] · cell({storeId, machineId, snapshotId}) → cellStory
 * divergence get({storeId}) → divergencePage · keep({storeId, findingId}) · unkeep({storeId, findingId}), for a deletion that the store never heard of (admin)
 * snapshots list({storeId, …snapshotFilter}) → snapshotsPage · get({storeId, snapshotId}) → snapshotRow
 * explorer  list(entriesInput) → entriesPage · detail({storeId, snapshotId, path}) → entryDetail
 * jobs      list({storeId?}) → job[] · get({id}) → jobDetail · limits() → jobLimits · plan({storeId, work}) → job, a dry run whose plan `get` gives
 *           · locks({storeId}) → storeLock[], asked of the store itself
 *           · start({planId}) → job (admin) · again({id}) → job, the dry run of the same work (admin) · cancel({id}) (admin)
 * audit     list({limit, before?}) → auditEntry[]                                                                                 (admin)
 * live      events({storeId?}) → subscription of liveEvent (SSE)
 *
 * Plain HTTP
 * POST /api/agent/report                                  bearer token (agent); body machineReport; answer reportAnswer
 * GET  /api/stores/{id}/divergence.json | .csv            session or bearer token (read)
 * GET  /api/stores/{id}/snapshots/{snap}/content?path=%2F…[&download=1][&deleted=1|&hidden=1]     ranges, nosniff, sandboxing CSP
 * GET  /api/stores/{id}/snapshots/{snap}/text?path=…      highlighted or plain text of the first MiB as JSON {language, html|text, truncated, encoding, lines}
 * GET  /api/stores/{id}/snapshots/{snap}/archive?path=…&format=zip|tar
 * GET  /healthz
 *
 * The admin socket of the command line: admin.ts.
 */
export const API_PATHS = { trpc: '/api/trpc', report: '/api/agent/report', stores: '/api/stores', health: '/healthz' } as const;
