import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { usage } from '../failures.js';
import { parseJson } from '../parse-json.js';
import { writeAside } from '../write-aside.js';

const identityFile = z.object({ machineId: z.uuid() });

/** The machine's random id, made at first use in the agent's own configuration (0600) and kept. A damaged file is an error: a new id would look like a second machine. */
export function machineId(configDirectory: string): string {
  const file = join(configDirectory, 'agent.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    return createIdentity(configDirectory, file);
  }
  const parsed = identityFile.safeParse(parseJson(text));
  if (!parsed.success) throw usage(`The agent's own configuration ${file} is damaged.`, 'Restore it, or remove it to enrol this machine as a new one.');
  return parsed.data.machineId;
}

function createIdentity(directory: string, file: string): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const id = randomUUID();
  writeAside(file, `${JSON.stringify({ machineId: id })}\n`);
  return id;
}
