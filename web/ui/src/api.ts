// The only file that calls the server: one function a resource of /api/v1.
//
// Every failure leaves as an `ApiError`: `unreachable` when no answer came, else the code, sentence
// and place that the server gave. Places in filter expressions are octet offsets, as the server
// counts them.

import type {
  Alert,
  CaptureHealth,
  Covers,
  Exception,
  Field,
  FlowRow,
  Host,
  HuntAnswer,
  HuntRequest,
  NewException,
  NewSanction,
  Overview,
  Page,
  Policy,
  Sanction,
  Sanctioned,
  Sensor,
  Silenced,
  Suggestion,
} from './types';

export interface Place {
  at: number;
  len: number;
}

export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status = 0,
    readonly place: Place | null = null,
    readonly help = '',
  ) {
    super(message);
    this.name = 'ApiError';
  }

  /** Whether the server gave no answer at all. */
  get unreachable(): boolean {
    return this.code === 'unreachable';
  }

  get notFound(): boolean {
    return this.status === 404;
  }
}

export type Query = Record<string, string | number | null | undefined>;

export const overview = (query: Query, signal: AbortSignal) => get<Overview>('overview', query, signal);

export const alerts = (query: Query, signal: AbortSignal) => get<Page<Alert>>('alerts', query, signal);

export const alert = (id: string, signal: AbortSignal) =>
  get<Alert>(`alerts/${encodeURIComponent(id)}`, {}, signal);

export const flows = (query: Query, signal: AbortSignal) => get<Page<FlowRow>>('flows', query, signal);

export const flow = (id: string, signal: AbortSignal) =>
  get<{ records: FlowRow[] }>(`flows/${encodeURIComponent(id)}`, {}, signal);

export const fields = (signal: AbortSignal) => get<Field[]>('fields', {}, signal);

export const complete = (text: string, cursor: number, signal: AbortSignal) =>
  get<Suggestion[]>('complete', { text, cursor }, signal, true);

export const hosts = (query: Query, signal: AbortSignal) => get<Page<Host>>('hosts', query, signal);

export const host = (id: string, signal: AbortSignal) => get<Host>(`hosts/${encodeURIComponent(id)}`, {}, signal);

export const hunt = (request: HuntRequest, signal: AbortSignal) => post<HuntAnswer>('hunt', request, signal);

export const exceptions = (signal: AbortSignal) => get<{ exceptions: Exception[] }>('exceptions', {}, signal);

export const previewException = (covers: Covers, until: string | null, signal: AbortSignal) =>
  post<Silenced>('exceptions/preview', { covers, until }, signal);

export const addException = (exception: NewException) => post<Exception>('exceptions', exception);

export const endException = (id: number) => post<Exception>(`exceptions/${id}/end`, {});

export const sanctions = (signal: AbortSignal) => get<{ sanctions: Sanction[] }>('sanctions', {}, signal);

export const previewSanction = (alert: number, signal: AbortSignal) =>
  post<Silenced & { writable: boolean }>('sanctions/preview', { alert }, signal);

export const addSanction = (sanction: NewSanction) => post<Sanctioned>('sanctions', sanction);

export const policy = (signal: AbortSignal) => get<Policy>('policy', {}, signal);

export const captureHealth = (signal: AbortSignal) => get<CaptureHealth>('capture-health', {}, signal);

export const sensor = (signal: AbortSignal) => get<Sensor>('sensor', {}, signal);

async function get<T>(path: string, query: Query, signal: AbortSignal, keepEmpty = false): Promise<T> {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && (keepEmpty || value !== '')) params.set(key, String(value));
  }
  const text = params.toString();
  return ask<T>(`${path}${text ? `?${text}` : ''}`, { headers: { accept: 'application/json' } }, signal);
}

async function post<T>(path: string, body: unknown, signal?: AbortSignal): Promise<T> {
  const headers = { accept: 'application/json', 'content-type': 'application/json' };
  return ask<T>(path, { method: 'POST', headers, body: JSON.stringify(body) }, signal);
}

async function ask<T>(path: string, request: RequestInit, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`api/v1/${path}`, { ...request, signal: signal ?? null });
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError('unreachable', String(cause));
  }
  if (!response.ok) throw await refusal(response);
  try {
    return (await response.json()) as T;
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError('bad_answer', `${path}: ${String(cause)}`, response.status);
  }
}

interface Refusal {
  error?: { code?: string; message?: string; at?: number; len?: number; help?: string };
}

async function refusal(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as Refusal;
  const { code, message, at, len, help } = body.error ?? {};
  const place = at === undefined ? null : { at, len: len ?? 1 };
  return new ApiError(
    code ?? `http_${response.status}`,
    message ?? `HTTP ${response.status} ${response.statusText}`,
    response.status,
    place,
    help ?? '',
  );
}
