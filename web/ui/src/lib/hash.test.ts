// Addresses in the hash, and the state they carry.

import { describe, expect, it } from 'vitest';

import { changed, formatHash, parseHash, picked } from './hash';

describe('parseHash', () => {
  it('takes the empty hash for the overview', () => {
    for (const hash of ['', '#', '#/']) {
      expect(parseHash(hash)).toMatchObject({ page: 'overview', id: '' });
    }
  });

  it('reads page, id and query', () => {
    const route = parseHash('#/alerts/123?severity=1,2&text=%E6%A5%AD%E5%8B%99');

    expect(route.page).toBe('alerts');
    expect(route.id).toBe('123');
    expect(route.query.get('severity')).toBe('1,2');
    expect(route.query.get('text')).toBe('業務');
  });

  it('keeps question marks and slashes inside the query', () => {
    expect(parseHash('#/flows?filter=a/b?c').query.get('filter')).toBe('a/b?c');
  });

  it('survives a broken escape', () => {
    expect(parseHash('#/%E0%A4%A').page).toBe('%E0%A4%A');
  });
});

describe('formatHash', () => {
  it('gives back what parseHash read', () => {
    const filter = 'orig.address == 10.0.0.0/8 and rule == "PATH-DENY" # 100%';

    const route = parseHash(formatHash('flows', '42', { filter }));

    expect(route).toMatchObject({ page: 'flows', id: '42' });
    expect(route.query.get('filter')).toBe(filter);
  });

  it('leaves out keys without a value', () => {
    expect(formatHash('alerts', '', { rule: null, text: '', severity: 1, since: undefined })).toBe('#/alerts?severity=1');
  });
});

describe('the query as state', () => {
  it('changes some keys and leaves the original alone', () => {
    const before = new URLSearchParams('severity=1&rule=PATH-DENY');

    const after = changed(before, { severity: null, text: 'x' });

    expect(after.toString()).toBe('rule=PATH-DENY&text=x');
    expect(before.toString()).toBe('severity=1&rule=PATH-DENY');
  });

  it('picks only the known keys that have a value', () => {
    const params = new URLSearchParams('since=2026-01-01T00:00:00Z&until=&foreign=1');

    expect(picked(params, ['since', 'until'])).toEqual({ since: '2026-01-01T00:00:00Z' });
  });
});
