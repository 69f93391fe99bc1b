import type { Plugin } from 'esbuild';

export declare const lightSsh: Plugin;
