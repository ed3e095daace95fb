// The conditions of the alert list in the address.

import { describe, expect, it } from 'vitest';

import { alertQuery, flowsFilter, severitiesOf, switched } from './query';

describe('severities', () => {
  it('are those of the list that exist', () => {
    expect(severitiesOf(new URLSearchParams('severity=2,9,1,x'))).toEqual(['2', '1']);
    expect(severitiesOf(new URLSearchParams())).toEqual([]);
  });

  it('are switched one by one', () => {
    expect(switched(['1'], '3')).toBe('1,3');
    expect(switched(['1', '3'], '1')).toBe('3');
    expect(switched(['1'], '1')).toBe('');
  });
});

describe('the conditions', () => {
  const params = new URLSearchParams('orig_zone=joho&resp_zone=kokai&address=10.0.0.1&text=x&since=S&page=7');

  it('are sent without keys that the server does not know', () => {
    expect(alertQuery(params)).toEqual({ orig_zone: 'joho', resp_zone: 'kokai', address: '10.0.0.1', text: 'x', since: 'S' });
  });

  it('become a filter for flows', () => {
    expect(flowsFilter(params)).toBe('orig.zone == "joho" and resp.zone == "kokai" and address == 10.0.0.1');
    expect(flowsFilter(new URLSearchParams('severity=1'))).toBe('');
  });
});
