// A list that grows by cursor pages as the person scrolls.
//
// Starts again from the first page whenever something that `fetchPage` read has changed; the old
// rows stay in view until the new first page is there.

import type { ApiError } from '../api';
import type { Page } from '../types';
import { asApiError } from './resource.svelte';

export class Pager<T> {
  rows = $state.raw<T[]>([]);
  total = $state<number | null>(null);
  loading = $state(true);
  /** Whether no first page has come yet. */
  fresh = $state(true);
  error = $state.raw<ApiError | null>(null);
  /** Counts lists, so that a table can scroll to the top when it is a new one. */
  edition = $state(0);
  #next: string | null = null;
  #attempt = $state(0);
  #signal = new AbortController().signal;
  readonly #fetchPage: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>;

  constructor(fetchPage: (cursor: string | null, signal: AbortSignal) => Promise<Page<T>>) {
    this.#fetchPage = fetchPage;
    $effect(() => {
      void this.#attempt;
      const overtaken = new AbortController();
      this.#signal = overtaken.signal;
      this.loading = true;
      this.error = null;
      void this.#load(fetchPage(null, overtaken.signal), overtaken.signal, true);
      return () => overtaken.abort();
    });
  }

  /** Loads the next page, unless one is on its way or there is none. */
  more = (): void => {
    if (this.loading || this.error || this.#next === null) return;
    this.loading = true;
    void this.#load(this.#fetchPage(this.#next, this.#signal), this.#signal, false);
  };

  /** After a failure: the failed page again, or the whole list where there is none. */
  retry = (): void => {
    if (this.#next === null || this.rows.length === 0) {
      this.#attempt += 1;
      return;
    }
    this.error = null;
    this.more();
  };

  async #load(answer: Promise<Page<T>>, signal: AbortSignal, first: boolean): Promise<void> {
    try {
      const page = await answer;
      if (signal.aborted) return;
      this.rows = first ? page.rows : this.rows.concat(page.rows);
      this.total = page.total;
      this.#next = page.next;
      if (first) this.edition += 1;
      this.fresh = false;
    } catch (cause) {
      if (signal.aborted) return;
      if (first) {
        this.rows = [];
        this.total = null;
        this.#next = null;
      }
      this.error = asApiError(cause);
    }
    this.loading = false;
  }
}
