import type {
  AuditEntryDto,
  CellStoryDto,
  DivergencePageDto,
  EntriesPageDto,
  EntryDetailDto,
  JobDetailDto,
  JobDto,
  JobLimitsDto,
  JobWork,
  LiveEvent,
  MachineDetailDto,
  MachinesPageDto,
  MatrixColumnDto,
  MeDto,
  SnapshotRowDto,
  SnapshotsPageDto,
  StoreDto,
  StoreInput,
  StoreLockDto,
  StoreKindDto,
  StoreTestDto,
  TokenDto,
  UserDto,
  entriesInput,
  snapshotFilter,
} from '@wardrobe/contracts';
import type { z } from 'zod';

export type Role = 'admin' | 'viewer';

/** Who asks. `name` is for the audit log. */
export type Actor =
  | { readonly kind: 'user'; readonly id: string; readonly name: string; readonly role: Role; readonly sessionId: string }
  | { readonly kind: 'token'; readonly id: string; readonly name: string; readonly role: 'viewer'; readonly tokenKind: 'agent' | 'read' }
  | { readonly kind: 'console'; readonly id: 'console'; readonly name: 'command line'; readonly role: 'admin' };

/** What the request brings besides its input. */
export type RequestInfo = { readonly address: string; readonly actor: Actor | null };

/** A session's secret goes to the cookie and nowhere else. */
export type SignedIn = { readonly me: MeDto; readonly secret: string };

export interface AccountService {
  me(actor: Actor | null): Promise<MeDto>;
  signIn(input: { email: string; password: string }, request: RequestInfo): Promise<SignedIn>;
  setUp(input: { setupToken: string; name: string; email: string; password: string }, request: RequestInfo): Promise<SignedIn>;
  signOut(actor: Actor): Promise<void>;
  signOutEverywhere(actor: Actor): Promise<void>;
  changePassword(actor: Actor, input: { current: string; next: string }): Promise<void>;
  listUsers(): Promise<UserDto[]>;
  createUser(actor: Actor, input: { name: string; email: string; role: Role; password: string }): Promise<UserDto>;
  setRole(actor: Actor, input: { id: string; role: Role }): Promise<UserDto>;
  removeUser(actor: Actor, id: string): Promise<void>;
  listTokens(): Promise<TokenDto[]>;
  createToken(actor: Actor, input: { name: string; kind: 'agent' | 'read' }): Promise<{ token: TokenDto; secret: string; command: string }>;
  revokeToken(actor: Actor, id: string): Promise<void>;
}

export type StoreUpdate = {
  storeId: string;
  name?: string | undefined;
  location?: string | undefined;
  options?: Readonly<Record<string, string>> | undefined;
  refreshIntervalSeconds?: number | undefined;
  unknownAfterHours?: number | undefined;
};

export interface StoreService {
  list(): Promise<StoreDto[]>;
  get(storeId: string): Promise<StoreDto>;
  kinds(): Promise<StoreKindDto[]>;
  test(input: StoreInput): Promise<StoreTestDto>;
  add(actor: Actor, input: StoreInput): Promise<StoreDto>;
  update(actor: Actor, input: StoreUpdate): Promise<StoreDto>;
  remove(actor: Actor, input: { storeId: string; confirmName: string }): Promise<void>;
  refresh(actor: Actor, storeId: string): Promise<JobDto>;
  unlock(actor: Actor, input: { storeId: string; passphrase: string; keepKey: boolean }): Promise<StoreDto>;
  forgetKey(actor: Actor, storeId: string): Promise<StoreDto>;
}

export type CellDto = MachineDetailDto['cells'][number];

export interface TrackingService {
  machines(input: { storeId: string; retired: boolean }): Promise<MachinesPageDto>;
  machine(input: { storeId: string; machineId: string }): Promise<MachineDetailDto>;
  rename(actor: Actor, input: { machineId: string; name: string }): Promise<void>;
  retire(actor: Actor, input: { machineId: string; retired: boolean }): Promise<void>;
  merge(actor: Actor, input: { from: string; into: string }): Promise<void>;
  columns(input: { storeId: string; from: number; to: number }): Promise<MatrixColumnDto[]>;
  cell(input: { storeId: string; machineId: string; snapshotId: string }): Promise<CellStoryDto>;
  divergence(storeId: string): Promise<DivergencePageDto>;
  /** Decides to keep the snapshots of a deletion that never reached the store, or takes that back. */
  keep(actor: Actor, input: { storeId: string; findingId: string; keep: boolean }): Promise<void>;
}

export interface SnapshotService {
  list(input: { storeId: string } & z.output<typeof snapshotFilter>): Promise<SnapshotsPageDto>;
  get(input: { storeId: string; snapshotId: string }): Promise<SnapshotRowDto>;
}

export interface ExplorerService {
  list(input: z.output<typeof entriesInput>): Promise<EntriesPageDto>;
  detail(input: { storeId: string; snapshotId: string; path: string }): Promise<EntryDetailDto>;
}

export interface JobService {
  list(storeId: string | undefined): Promise<JobDto[]>;
  get(id: string): Promise<JobDetailDto>;
  limits(): Promise<JobLimitsDto>;
  /** The locks of a store as they are now. */
  locks(storeId: string): Promise<StoreLockDto[]>;
  /** A dry run; its plan comes with `get` when it has ended. */
  plan(actor: Actor, input: { storeId: string; work: JobWork }): Promise<JobDto>;
  apply(actor: Actor, planId: string): Promise<JobDto>;
  /** A dry run of the same work once more. */
  again(actor: Actor, id: string): Promise<JobDto>;
  cancel(actor: Actor, id: string): Promise<void>;
}

export interface AuditService {
  list(input: { limit: number; before?: string | undefined }): Promise<AuditEntryDto[]>;
}

export interface LiveService {
  /** Ends when `signal` aborts or the actor's session or token ends (after a last `session-ended`). */
  events(actor: Actor, options: { storeId: string | undefined; signal: AbortSignal | undefined }): AsyncIterable<LiveEvent>;
}

export type Services = {
  readonly accounts: AccountService;
  readonly stores: StoreService;
  readonly tracking: TrackingService;
  readonly snapshots: SnapshotService;
  readonly explorer: ExplorerService;
  readonly jobs: JobService;
  readonly audit: AuditService;
  readonly live: LiveService;
};
