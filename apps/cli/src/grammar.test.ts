import { describe, expect, it } from 'vitest';
import { splitStore } from './grammar.js';
import { progressText } from './terminal.js';

describe('grammar', () => {
  it('takes the store out before the command', () => {
    expect(splitStore(['at', '/s', 'ls', '--json'])).toEqual({ store: '/s', rest: ['ls', '--json'] });
    expect(splitStore(['--keyfile', 'k', 'at', '/s', 'cat', 'at'])).toEqual({ store: '/s', rest: ['--keyfile', 'k', 'cat', 'at'] });
  });
  it("leaves an 'at' behind the command alone", () => {
    expect(splitStore(['cat', 'ab:at'])).toEqual({ store: null, rest: ['cat', 'ab:at'] });
    expect(splitStore(['ls', 'at', 'x'])).toEqual({ store: null, rest: ['ls', 'at', 'x'] });
  });
  it("refuses 'at' without a store", () => {
    expect(() => splitStore(['at'])).toThrow(TypeError);
  });
  it('passes over options of the store before it', () => {
    expect(splitStore(['-o', 'a=b', '--option', 'at', 'at', '@s', 'ls'])).toEqual({ store: '@s', rest: ['-o', 'a=b', '--option', 'at', 'ls'] });
  });
});

describe('progress', () => {
  it('shows share, rate and time left', () => {
    expect(progressText('reading states', { done: 50, total: 100, seconds: 5 })).toBe('reading states: 50/100 (50 %), 10/s, 5 s left');
    expect(progressText('listing', { done: 7, total: null, seconds: 0.1 })).toBe('listing: 7');
  });
});
