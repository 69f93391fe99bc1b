import type { JobPlanDto } from '@wardrobe/contracts';
import type { KnownMachine, LostStateEvidence, Repository } from '@wardrobe/kloset';
import type { OpenArgs, Reach } from '../types.js';

/** Work as it crosses to the store's thread: everything is decided, nothing has to be looked up. */
export type EngineWork =
  | {
      readonly kind: 'repair';
      /** Null: all that is wrong. */
      readonly snapshots: readonly string[] | null;
      readonly evidence: readonly LostStateEvidence[];
      readonly undelete: boolean;
      readonly redelete: boolean;
      readonly wait: boolean;
      readonly discardDamagedStates: boolean;
      readonly readData: boolean;
      readonly fromStores: readonly OpenArgs[];
      /** Real folders that the console may read. */
      readonly fromDisks: readonly string[];
    }
  | {
      readonly kind: 'check';
      readonly snapshots: readonly { readonly id: string; readonly reach: Reach }[];
      readonly fast: boolean;
      readonly packfiles: boolean;
    }
  | {
      readonly kind: 'restore';
      readonly snapshot: string;
      readonly reach: Reach;
      /** Percent-encoded; empty: the folder that was backed up. */
      readonly path: string;
      /** A real folder that the console may write below; from there on no link is followed. */
      readonly below: string;
      readonly directory: string;
      readonly overwrite: boolean;
      readonly privileges: boolean;
    }
  | { readonly kind: 'rm'; readonly snapshots: readonly string[] }
  | {
      readonly kind: 'prune';
      readonly keep: { readonly day: number; readonly week: number; readonly month: number; readonly year: number };
      readonly groupBy: 'none' | 'root' | 'origin' | 'name' | 'tag';
      readonly tag: string;
    }
  | {
      readonly kind: 'maintenance';
      /** Every machine that reported this store, and those that do not count any more. */
      readonly machines: readonly KnownMachine[];
      readonly retired: readonly string[];
    }
  | {
      readonly kind: 'sync';
      readonly direction: 'to' | 'from' | 'with';
      readonly peer: OpenArgs;
      readonly peerName: string;
      /** None: all. */
      readonly snapshots: readonly string[];
    }
  | { readonly kind: 'locks'; readonly ids: readonly string[]; readonly force: boolean };

/** What a dry run gives. `engine`: what the doing needs of it, as plain JSON. */
export type EnginePlan = { readonly plan: Omit<JobPlanDto, 'command' | 'applyCommand' | 'madeAt'>; readonly engine: unknown };

/** How the doing ended, when it did not fail. `problems`: it ended, and something is wrong all the same. */
export type EngineOutcome = { readonly sentence: string; readonly problems: number };

export type WorkContext = {
  readonly repository: Repository;
  readonly nowMs: number;
  readonly signal: AbortSignal;
  readonly report: (progress: WorkProgress) => void;
};
/** What is left out stays as it is. `line`: one more line of the log. */
export type WorkProgress = { readonly label?: string; readonly done?: number; readonly total?: number | null; readonly line?: string };

export type WorkOf<K extends EngineWork['kind']> = Extract<EngineWork, { readonly kind: K }>;

/** A plan with nothing special about it. */
export const PLAIN_PLAN = {
  items: [],
  itemsTotal: 0,
  problems: [],
  leftAlone: [],
  waits: [],
  offers: [],
  destroys: false,
  refusal: null,
} satisfies Partial<JobPlanDto>;

/** Rows of a list that a page shows. */
export const SHOWN_ITEMS = 200;
export const short = (id: string): string => id.slice(0, 8);
