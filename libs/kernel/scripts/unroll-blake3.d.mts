/** Text of assembly/generated/blake3-lanes.ts. */
export function blake3LanesSource(): string;
