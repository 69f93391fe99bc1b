import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { outliveReaders } from './log.js';

describe('what the server prints', () => {
  it('may lose its reader; another failure is not passed over', () => {
    const stream = new EventEmitter();
    outliveReaders([stream]);
    expect(() => stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).not.toThrow();
    expect(() => stream.emit('error', Object.assign(new Error('write EIO'), { code: 'EIO' }))).toThrow('EIO');
  });
});
