import { motoAvailable, type S3Server, startMoto, startS3Server } from '@wardrobe/testing';

/** The S3 servers that can be had here. Suites that use it have one test that calls `assertMoto`. */
export function availableServers(): readonly { readonly name: string; start(): Promise<S3Server> }[] {
  return [{ name: 's3rver', start: () => startS3Server() }, ...(motoAvailable() ? [{ name: 'moto', start: startMoto }] : [])];
}

/** Installing moto for the first time takes a while. */
export const START_TIMEOUT_MS = 600_000;
