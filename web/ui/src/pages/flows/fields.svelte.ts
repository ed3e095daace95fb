// The server's field list, loaded once and kept, and the columns that the person chose.

import { untrack } from 'svelte';

import * as api from '../../api';
import { said } from '../../i18n/index.svelte';
import type { Column } from '../../lib/column';
import { read, write } from '../../lib/prefs.svelte';
import type { Field } from '../../types';
import { chosenFrom, columnsOf, standardFor } from './columns';

class FlowFields {
  list = $state.raw<Field[]>([]);
  chosen = $state.raw<string[]>(chosenFrom(read('columns'), innerWidth));

  /** Loads the list unless it is here; a failure is the caller's to show. */
  async load(signal: AbortSignal): Promise<void> {
    // Untracked: whoever loads the list together with its rows must not load the rows twice.
    if (untrack(() => this.list.length) === 0) this.list = await api.fields(signal);
  }

  get columns(): Column[] {
    return columnsOf(this.list, this.chosen, (field) => said(field.label));
  }

  /** Shows or hides a column; the last one stays. */
  toggle(column: string): void {
    const next = this.chosen.includes(column)
      ? this.chosen.filter((item) => item !== column)
      : [...this.chosen, column];
    if (next.length === 0) return;
    this.chosen = next;
    write('columns', next.join(','));
  }

  reset(): void {
    this.chosen = standardFor(innerWidth);
    write('columns', '');
  }
}

export const fields = new FlowFields();
