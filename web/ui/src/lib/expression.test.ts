// The pieces of the filter language that the dashboard writes, and places in it.

import { describe, expect, it } from 'vitest';

import { accepted, both, equals, fromOctets, marked, quoted, toOctets } from './expression';

describe('writing', () => {
  it('quotes text and nothing else', () => {
    expect(equals('rule', 'text', 'A "B" \\ C')).toBe('rule == "A \\"B\\" \\\\ C"');
    expect(equals('resp.port', 'number', 443)).toBe('resp.port == 443');
    expect(equals('address', 'address', '2001:db8::1')).toBe('address == 2001:db8::1');
    expect(quoted('')).toBe('""');
  });

  it('joins conditions without changing what they mean', () => {
    expect(both('a == 1', '')).toBe('a == 1');
    expect(both('', 'b == 2')).toBe('b == 2');
    expect(both('a == 1 or b == 2', 'c == 3')).toBe('(a == 1 or b == 2) and c == 3');
    expect(both('(a == 1) or (b == 2)', 'c == 3')).toBe('((a == 1) or (b == 2)) and c == 3');
  });
});

describe('places', () => {
  const text = 'zone == "業務系" and x';

  it('go between octets and letters', () => {
    expect(toOctets(text, 12)).toBe(18);
    expect(fromOctets(text, 18)).toBe(12);
    expect(fromOctets(text, 999)).toBe(text.length);
  });

  it('mark the wrong part', () => {
    expect(marked(text, text.indexOf('and') + 6, 3)).toEqual(['zone == "業務系" ', 'and', ' x']);
  });

  it('mark the end of an expression that stops too early', () => {
    expect(marked('a ==', 4, 1)).toEqual(['a ==', ' ', '']);
  });
});

describe('taking a suggestion', () => {
  const field = (text: string) => ({ text, kind: 'field' });
  const operator = (text: string) => ({ text, kind: 'operator' });
  const value = (text: string) => ({ text, kind: 'value' });

  it('replaces the word at the cursor', () => {
    expect(accepted('resp.po', 7, field('resp.port'))).toEqual({ text: 'resp.port ', cursor: 10 });
    expect(accepted('verdict == den', 14, value('denied'))).toEqual({ text: 'verdict == denied ', cursor: 18 });
    expect(accepted('a == 1 and ver or b == 2', 14, field('verdict'))).toEqual({
      text: 'a == 1 and verdict or b == 2',
      cursor: 19,
    });
  });

  it('sets an operator behind its field', () => {
    expect(accepted('verdict', 7, operator('==')).text).toBe('verdict == ');
    expect(accepted('verdict ', 8, operator('==')).text).toBe('verdict == ');
    expect(accepted('verdict =', 9, operator('==')).text).toBe('verdict == ');
    expect(accepted('history', 7, operator('contains')).text).toBe('history contains ');
    expect(accepted('history con', 11, operator('contains')).text).toBe('history contains ');
  });

  it('takes an open quotation as one word', () => {
    expect(accepted('orig.zone == "off', 17, value('"office"')).text).toBe('orig.zone == "office" ');
  });

  it('sets a value apart from the operator before it', () => {
    expect(accepted('verdict ==', 10, value('denied')).text).toBe('verdict == denied ');
    expect(accepted('(verdict == denied) and (', 25, field('rule')).text).toBe('(verdict == denied) and (rule ');
  });
});
