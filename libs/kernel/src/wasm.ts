/**
 * The part of the WebAssembly API used here. Its types come with the DOM library only, which code for Node must not see,
 * and a declaration of our own would clash with it in the pages.
 */
interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (module: WasmModule, imports: object) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly Memory: new (size: { readonly initial: number; readonly maximum?: number; readonly shared?: boolean }) => WasmMemory;
  readonly Global: new (descriptor: { value: 'i32' }) => WasmGlobal;
}

declare const compiledModule: unique symbol;

/** A compiled module (WebAssembly.Module): opaque, can be posted to workers. */
export interface WasmModule {
  readonly [compiledModule]?: never;
}

export interface WasmMemory {
  /** Of a shared memory a SharedArrayBuffer. */
  readonly buffer: ArrayBuffer;
  /** Adds pages of 64 KiB. @throws RangeError there is no more */
  grow(pages: number): number;
}

export interface WasmGlobal {
  readonly value: unknown;
}

export const wasm: WasmApi = (globalThis as unknown as { readonly WebAssembly: WasmApi }).WebAssembly;
