import type { IncomingHttpHeaders } from 'node:http';
import type { RequestKind, Route } from './route.ts';

/** One request as it was answered; `status` is 0 while it is not, or when the connection was cut instead. */
export type LogEntry = Route & {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  status: number;
  bytesIn: number;
  bytesOut: number;
};

/** What happened since the start or the last reset; plain data. */
export type Counts = {
  readonly requests: number;
  readonly kinds: Readonly<Partial<Record<RequestKind, number>>>;
  readonly statuses: Readonly<Record<string, number>>;
  /** Blobs mounted, of the uploads that were asked for. */
  readonly mounts: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly connections: number;
  /** The most requests that were in work at the same moment. */
  readonly concurrency: number;
};

/** Counts requests by kind and status, bytes and connections, and keeps a log of requests. */
export type Counters = {
  counts(): Counts;
  readonly log: LogEntry[];
  reset(): void;
  connected(): void;
  begin(entry: Omit<LogEntry, 'status' | 'bytesIn' | 'bytesOut'>): LogEntry;
  end(entry: LogEntry): void;
  mounted(): void;
};

/** Counters at zero; `keepLog` false for benchmarks, where a million entries would not fit. */
export function counters(keepLog: boolean): Counters {
  const zero = { requests: 0, mounts: 0, bytesIn: 0, bytesOut: 0, connections: 0, concurrency: 0 };
  let totals = { ...zero };
  let kinds: Partial<Record<RequestKind, number>> = {};
  let statuses: Record<string, number> = {};
  let active = 0;
  const log: LogEntry[] = [];
  return {
    log,
    counts: () => ({ ...totals, kinds: { ...kinds }, statuses: { ...statuses } }),
    reset: () => {
      totals = { ...zero };
      kinds = {};
      statuses = {};
      log.length = 0;
    },
    connected: () => void totals.connections++,
    mounted: () => void totals.mounts++,
    begin: (started) => {
      const entry: LogEntry = { ...started, status: 0, bytesIn: 0, bytesOut: 0 };
      totals.requests++;
      totals.concurrency = Math.max(totals.concurrency, ++active);
      kinds[entry.kind] = (kinds[entry.kind] ?? 0) + 1;
      if (keepLog) log.push(entry);
      return entry;
    },
    end: (entry) => {
      active--;
      statuses[entry.status] = (statuses[entry.status] ?? 0) + 1;
      totals.bytesIn += entry.bytesIn;
      totals.bytesOut += entry.bytesOut;
    },
  };
}
