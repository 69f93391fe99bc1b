import type { KlosetError } from '../../errors/errors.js';

/** The store did not answer: that says nothing about what is in it. */
export function isOfTheLine(error: KlosetError): boolean {
  return error.code === 'store' || error.code === 'permission' || error.code === 'disk-full';
}
