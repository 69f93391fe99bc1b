import { createRequire } from 'node:module';

let isOn = true;

/** Whether native packages are used where they are installed; `setAccelerator` says. */
export function isNativeOn(): boolean {
  return isOn;
}

export function setNative(on: boolean): void {
  isOn = on;
}

/** A native package; null where it is absent, made for another system, or not loadable under this bundler: the module does the same work. */
export function optionalPackage<T>(scope: string, name: string): T | null {
  try {
    // Named by a variable so that bundlers leave it alone.
    return createRequire(import.meta.url)([scope, name].join('/')) as T;
  } catch {
    return null;
  }
}
