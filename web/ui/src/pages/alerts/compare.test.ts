// An alert beside the nearest path.

import { describe, expect, it } from 'vitest';

import type { Alert, PolicyPath } from '../../types';
import { compared } from './compare';

const alert = {
  orig: { zone: 'kokai' },
  resp: { zone: 'server', port: 3306 },
  protocol: 'tcp',
  explanation: { differs: ['ports'] },
} as Alert;
const path = { from: ['kokai'], to: ['server'], protocol: [], ports: ['80'] } as unknown as PolicyPath;

describe('the comparison', () => {
  it('marks what the server says differs', () => {
    expect(compared(alert, path).map(({ item, differs }) => [item, differs])).toEqual([
      ['from', false],
      ['to', false],
      ['protocol', false],
      ['ports', true],
    ]);
  });

  it('has a line for the direction only where that differs', () => {
    const turned = { ...alert, explanation: { ...alert.explanation, differs: ['direction'] } };

    expect(compared(turned, path).at(-1)).toEqual({
      item: 'direction',
      seen: 'kokai → server',
      allowed: ['kokai → server'],
      differs: true,
    });
  });
});
