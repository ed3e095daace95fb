// A column of a virtual grid.

export interface Column {
  id: string;
  label: string;
  /** Least width in pixels. */
  min: number;
  /** Share of the width that is left over; none by default. */
  grow?: number;
  /** Aligned to the end, as numbers are. */
  end?: boolean;
}
