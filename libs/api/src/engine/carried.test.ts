import { expect, test } from 'vitest';
import { CarriedPieces } from './carried.js';

test('the pieces add up to the figures, and the mean latency comes out of their sums', () => {
  const pieces = new CarriedPieces();
  const first = pieces.next({ requests: 4, retries: 1, bytesRead: 100, bytesWritten: 7, meanLatencyMs: null });
  expect(first).toEqual({ requests: 4, retries: 1, bytesRead: 100, bytesWritten: 7, measured: 0, latencyMs: 0 });
  const second = pieces.next({ requests: 10, retries: 1, bytesRead: 300, bytesWritten: 7, meanLatencyMs: 20 });
  expect(second).toEqual({ requests: 6, retries: 0, bytesRead: 200, bytesWritten: 0, measured: 10, latencyMs: 200 });
  const third = pieces.next({ requests: 30, retries: 2, bytesRead: 300, bytesWritten: 9, meanLatencyMs: 40 });
  expect((second.latencyMs + third.latencyMs) / (second.measured + third.measured)).toBe(40);
  expect(pieces.next({ requests: 30, retries: 2, bytesRead: 300, bytesWritten: 9, meanLatencyMs: 40 })).toEqual({
    requests: 0,
    retries: 0,
    bytesRead: 0,
    bytesWritten: 0,
    measured: 0,
    latencyMs: 0,
  });
});
