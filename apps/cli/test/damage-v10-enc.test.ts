import { describe, vi } from 'vitest';
import { damageMatrix } from './damage/suite.js';

vi.mock('@wardrobe/kernel', async (original) => (await import('./damage/memo-kernel.js')).memoisedKernel(await original()));

describe('damage to an encrypted store of 1.0', () => damageMatrix('v10-enc-desync'));
