// One answer of the server with its three states: loading, ready, failed.
//
// Made while a component starts; loads again whenever something that `load` read has changed, and
// drops an answer that was overtaken. The last good answer stays in `data` meanwhile. `again` says after
// how many milliseconds an answer is old; a page that nobody looks at waits.

import { ApiError } from '../api';

export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  loading = $state(true);
  #attempt = $state(0);

  constructor(load: (signal: AbortSignal) => Promise<T>, again: (data: T) => number | null = () => null) {
    $effect(() => {
      void this.#attempt;
      const overtaken = new AbortController();
      let timer: ReturnType<typeof setTimeout> | undefined;
      this.loading = true;
      load(overtaken.signal).then(
        (data) => {
          if (overtaken.signal.aborted) return;
          this.data = data;
          this.error = null;
          this.loading = false;
          const after = again(data);
          if (after !== null) timer = setTimeout(this.#reloadInSight, after);
        },
        (cause: unknown) => {
          if (overtaken.signal.aborted) return;
          this.error = asApiError(cause);
          this.loading = false;
        },
      );
      return () => {
        clearTimeout(timer);
        document.removeEventListener('visibilitychange', this.#reloadInSight);
        overtaken.abort();
      };
    });
  }

  #reloadInSight = (): void => {
    document.removeEventListener('visibilitychange', this.#reloadInSight);
    if (document.hidden) document.addEventListener('visibilitychange', this.#reloadInSight);
    else this.reload();
  };

  reload = (): void => {
    this.#attempt += 1;
  };
}

export function asApiError(cause: unknown): ApiError {
  return cause instanceof ApiError ? cause : new ApiError('client', String(cause));
}
