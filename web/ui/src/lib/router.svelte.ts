// The current page, kept in step with the hash of the address.

import { changed, formatHash, parseHash, type Changes, type Route } from './hash';

class Router {
  route = $state.raw<Route>(parseHash(location.hash));

  constructor() {
    addEventListener('hashchange', () => {
      this.route = parseHash(location.hash);
    });
  }

  go(hash: string): void {
    location.hash = hash;
  }

  /** Changes keys of the query; the page stays, and "back" returns to the state before. */
  setQuery(changes: Changes): void {
    const { page, id, query } = this.route;
    this.go(formatHash(page, id, changed(query, changes)));
  }

  /** The address of a page that keeps the time range in view. */
  href(page: string, id = '', query: Changes = {}): string {
    const { query: now } = this.route;
    return formatHash(page, id, { since: now.get('since'), until: now.get('until'), ...query });
  }

  /** One item of the list in view, or with an empty id that list: its conditions stay in the address. */
  item(page: string, id: string): string {
    return formatHash(page, id, this.route.query);
  }
}

export const router = new Router();
