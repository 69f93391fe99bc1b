/**
 * Bytes in one request. Every server takes 32 KiB with all that is around them; the client splits what is above 31,952 bytes, and would take the second
 * part from a buffer that may hold other bytes by then.
 * @source draft-ietf-secsh-filexfer-02, 3
 */
export const REQUEST_BYTES = 31 << 10;
