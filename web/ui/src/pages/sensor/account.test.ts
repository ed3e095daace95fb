// The account of frames.

import { describe, expect, it } from 'vitest';

import type { Bucket } from '../../types';
import { account } from './account';

const bucket = (name: Bucket['class'], frames: number): Bucket => ({
  id: name,
  class: name,
  label: { ja: name, en: name },
  frames,
});

describe('the account', () => {
  it('adds up', () => {
    const buckets = [bucket('processed', 7), bucket('processed', 1), bucket('dropped', 2), bucket('filtered', 3)];

    expect(account(13, buckets)).toEqual({
      received: 13,
      byClass: { processed: 8, dropped: 2, filtered: 3 },
      difference: 0,
    });
  });

  it('counts what was lost before it could be read', () => {
    const sum = account(10, [bucket('processed', 9), bucket('dropped', 1)], 5);

    expect([sum.received, sum.byClass.dropped, sum.difference]).toEqual([15, 6, 0]);
  });

  it('says how far it is off', () => {
    expect(account(10, [bucket('processed', 7)]).difference).toBe(3);
  });
});
