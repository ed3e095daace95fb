// The address of a page inside the hash: `#/alerts/123?severity=1`.
//
// Pure functions; `router.svelte.ts` keeps the current one.

export interface Route {
  /** First segment; the empty hash is the overview. */
  page: string;
  /** Second segment, or empty. */
  id: string;
  query: URLSearchParams;
}

export type Changes = Record<string, string | number | null | undefined>;

export function parseHash(hash: string): Route {
  const text = hash.replace(/^#?\/?/, '');
  const mark = text.indexOf('?');
  const path = mark < 0 ? text : text.slice(0, mark);
  const [page = '', id = ''] = path.split('/').map(decode);
  return { page: page || 'overview', id, query: new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1)) };
}

export function formatHash(page: string, id = '', query: URLSearchParams | Changes = {}): string {
  const params = query instanceof URLSearchParams ? query : changed(new URLSearchParams(), query);
  const text = params.toString();
  return `#/${encodeURIComponent(page)}${id && `/${encodeURIComponent(id)}`}${text && `?${text}`}`;
}

/** A copy of `params` with some keys set; null, undefined and the empty string take a key away. */
export function changed(params: URLSearchParams, changes: Changes): URLSearchParams {
  const copy = new URLSearchParams(params);
  for (const [key, value] of Object.entries(changes)) {
    if (value === null || value === undefined || value === '') copy.delete(key);
    else copy.set(key, String(value));
  }
  return copy;
}

/** The named keys that are present, for a request to the server. */
export function picked<K extends string>(params: URLSearchParams, keys: readonly K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const key of keys) {
    const value = params.get(key);
    if (value) found[key] = value;
  }
  return found;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
