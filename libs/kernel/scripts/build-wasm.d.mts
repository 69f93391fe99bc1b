/** Compiles assembly/ in memory. */
export function compileKernel(): Promise<Buffer>;
/** The committed TypeScript file for a compiled module. */
export function moduleSource(binary: Buffer): string;
