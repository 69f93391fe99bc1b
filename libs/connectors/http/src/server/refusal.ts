import { DiskFullError, KlosetError, NotAStoreError, NotFoundError, PermissionError, ReadOnlyError, TooLargeError } from '@wardrobe/store-connector';
import { READ_ONLY_TEXT } from '../words.js';

/** An answer that is no success: its status in the resource protocol, its text in both. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    text: string,
    /** In the JSON protocol these are answers of status 400 and plain text; all others are an `Err`. */
    readonly isMalformed = false,
  ) {
    super(text);
  }
}

export function malformed(text: string): Refusal {
  return new Refusal(400, text, true);
}

/** What a client is told of a failure of the store. Clients of plakar look for 200 and show the text. @source 04-remote-stores 5.2, 7 */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof NotFoundError)
    return new Refusal(404, error.kind === 'packfile' ? `${error.message}: packfile not found` : `${error.message}: file does not exist`);
  if (error instanceof NotAStoreError) return new Refusal(404, `there is no store: ${error.message}: file does not exist`);
  if (error instanceof ReadOnlyError) return new Refusal(403, `${READ_ONLY_TEXT}: ${error.message}`);
  if (error instanceof TooLargeError) return new Refusal(413, error.message);
  if (error instanceof DiskFullError) return new Refusal(507, 'no space left on the server');
  if (error instanceof PermissionError) return new Refusal(500, `permission denied: ${error.message}`);
  if (error instanceof KlosetError) return new Refusal(error.code === 'invalid-input' ? 409 : 500, error.message);
  return new Refusal(500, 'internal error');
}
