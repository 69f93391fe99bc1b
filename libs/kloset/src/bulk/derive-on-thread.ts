import type { MessagePort } from 'node:worker_threads';
import { isDerivedNatively, kernelModule, useKernelModule, type WasmModule } from '@wardrobe/kernel';
import { deriveKey } from '../crypto/kdf.js';
import type { KdfParams } from '../format/config.js';

/** What a thread that derives a key is started with. */
export type DeriveStart = { readonly role: 'derive'; readonly module: WasmModule; readonly params: KdfParams; readonly passphrase: string };

/**
 * As `deriveKey`, on another thread where there can be one: this thread is free meanwhile, and the memory of the derivation goes with the other.
 * @throws as `deriveKey`
 */
export async function deriveOnThread(params: KdfParams, passphrase: string): Promise<Uint8Array> {
  if (params.KDF !== 'ARGON2ID' || isNative(params)) return deriveKey(params, passphrase);
  const { hasWorkerFile, startWorker } = await import('./pipeline/worker-file.js');
  if (!hasWorkerFile()) return deriveKey(params, passphrase);
  const worker = startWorker({ role: 'derive', module: kernelModule(), params, passphrase });
  try {
    const secret = await new Promise<Uint8Array | null>((resolve) => {
      worker.once('message', resolve);
      for (const end of ['error', 'exit']) worker.once(end, () => resolve(null));
    });
    // What it could not do is told by doing it here.
    return secret ?? (await deriveKey(params, passphrase));
  } finally {
    await worker.terminate();
  }
}

function isNative({ argon2id }: KdfParams): boolean {
  return argon2id !== null && isDerivedNatively({ lanes: argon2id.Threads, memoryKiB: argon2id.Memory });
}

/** The other side: answers with the secret, or null. */
export function serveKey(port: MessagePort, { module, params, passphrase }: DeriveStart): void {
  useKernelModule(module);
  deriveKey(params, passphrase).then(
    (secret) => port.postMessage(secret),
    () => port.postMessage(null),
  );
}
