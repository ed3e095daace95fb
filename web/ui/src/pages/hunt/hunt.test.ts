import { describe, expect, test } from 'vitest';

import { requestOf } from './request';

const input = { list: 'evil.example', name: ' list.txt ', filter: 'resp.port == 22' };
const range = new URLSearchParams('since=2026-11-01T00:00:00Z&by=expression');

describe('what a hunt asks', () => {
  test('a list goes with its name and the time range', () => {
    expect(requestOf('list', input, range, true)).toEqual({
      list: 'evil.example',
      name: 'list.txt',
      since: '2026-11-01T00:00:00Z',
      raise: true,
    });
    expect(requestOf('list', { ...input, name: ' ' }, new URLSearchParams(), false)).toEqual({
      list: 'evil.example',
      raise: false,
    });
  });

  test('an expression never raises alerts', () => {
    expect(requestOf('expression', input, range, true)).toEqual({
      expression: 'resp.port == 22',
      since: '2026-11-01T00:00:00Z',
      raise: false,
    });
  });
});
