// The account of frames: received = processed + dropped + filtered, those that were lost before they
// could be read among the dropped.

import type { Bucket, BucketClass } from '../../types';

export const CLASSES: readonly BucketClass[] = ['processed', 'dropped', 'filtered'];

export interface Account {
  received: number;
  byClass: Record<BucketClass, number>;
  /** Received minus the sum of the parts: 0 unless something is wrong. */
  difference: number;
}

export function account(read: number, buckets: Bucket[], lost = 0): Account {
  const byClass: Record<BucketClass, number> = { processed: 0, dropped: 0, filtered: 0 };
  byClass.dropped = lost;
  for (const bucket of buckets) byClass[bucket.class] += bucket.frames;
  const received = read + lost;
  return { received, byClass, difference: received - byClass.processed - byClass.dropped - byClass.filtered };
}
