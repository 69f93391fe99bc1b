import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Seeded tests give the files that they spool the same names in every run. Each process of a run has a temporary folder of its own, so that two runs at the same
 * time, or what one that was ended has left, do not meet.
 */
const run = process.env['WARDROBE_TEST_RUN'];
const folder = mkdtempSync(join(tmpdir(), `wardrobe-${run === undefined ? '' : `run${run}-`}kloset-`));
// Some tests give up their privileges.
chmodSync(folder, 0o755);
process.env['TMPDIR'] = folder;
// By `rm`, because tests leave paths longer than Node removes.
process.once('exit', () => void spawnSync('rm', ['-rf', '--', folder]));
