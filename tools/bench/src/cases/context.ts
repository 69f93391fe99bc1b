import type { WorkFolder } from '../folders.js';
import type { Section } from '../table.js';

export type BenchContext = { readonly work: WorkFolder; readonly turns: number };
export type BenchCase = (context: BenchContext) => Promise<Section>;
