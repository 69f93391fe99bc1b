/** An archive that cannot be used, with the reason as a sentence that goes on from its name. */
export class DecodeTrailerError extends Error {}
