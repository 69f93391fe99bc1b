import { StoreHost } from '../engine/store-host.js';
import type { CallContext } from './protocol.js';

type In<K extends keyof StoreHost> = StoreHost[K] extends (args: infer A, context: CallContext) => unknown ? A : never;

/** One thread, one store. */
export function storeMethods() {
  const host = new StoreHost();
  return {
    open: (args: In<'open'>, context: CallContext) => host.open(args, context),
    probe: (args: In<'probe'>, context: CallContext) => host.probe(args, context),
    close: async (_args: null) => {
      await host.close();
    },
    carried: async (_args: null) => host.carried(),
    read: (args: In<'read'>, context: CallContext) => host.read(args, context),
    headers: (args: In<'headers'>, context: CallContext) => host.headers(args, context),
    list: (args: In<'list'>, context: CallContext) => host.list(args, context),
    detail: (args: In<'detail'>, context: CallContext) => host.detail(args, context),
    versions: (args: In<'versions'>, context: CallContext) => host.versions(args, context),
    contentInfo: (args: In<'contentInfo'>, context: CallContext) => host.contentInfo(args, context),
    content: (args: In<'content'>, context: CallContext) => host.content(args, context),
    head: (args: In<'head'>, context: CallContext) => host.head(args, context),
    archiveInfo: (args: In<'archiveInfo'>, context: CallContext) => host.archiveInfo(args, context),
    locks: (args: In<'locks'>, context: CallContext) => host.locks(args, context),
    planWork: (args: In<'planWork'>, context: CallContext) => host.planWork(args, context),
    applyWork: (args: In<'applyWork'>, context: CallContext) => host.applyWork(args, context),
    archive: (args: In<'archive'>, context: CallContext) => host.archive(args, context),
  };
}

export type StoreMethods = ReturnType<typeof storeMethods>;
