import type { Registry } from 'prom-client';
import type { Clock } from '../clock.ts';
import type { Narrator, RunEvent } from '../events.ts';
import type { Readings } from './flow.ts';

/** The numbers of a run, for Prometheus. */
export type Metrics = {
  readonly narrate: Narrator;
  /** All of them now, in Prometheus' text format. */
  text(): Promise<string>;
  readonly contentType: string;
};

/** More registries than any run has; object stores behind them may have a name for each bucket. */
const REGISTRIES = 60;

type Instruments = Awaited<ReturnType<typeof instruments>>;

/** Starts counting; loads `prom-client` only then. */
export async function countMetrics(clock: Clock, readings: Readings): Promise<Metrics> {
  const all = await instruments();
  const start = clock.now();
  all.exit.set(-1);
  all.ended.set(0);
  const nameOf = registryNames();
  const known: Outcomes = { unknown: new Set(), failed: new Set() };
  return {
    contentType: all.registry.contentType,
    narrate: (event) => {
      observe(all, event, nameOf);
      countImage(all, event, known);
      if (event.type === 'run-ended' || event.type === 'exit') all.ended.set(clock.now() / 1000);
    },
    text: () => {
      all.seconds.set((clock.now() - start) / 1000);
      for (const { group, rate } of readings()) all.limit.set({ registry: nameOf(group) }, rate);
      return all.registry.metrics();
    },
  };
}

/** Names origins by their hosts, and those beyond the limit `other`. */
function registryNames(): (origin: string) => string {
  const names = new Set<string>();
  return (origin) => {
    const name = origin.replace(/^https?:\/\//, '');
    if (!names.has(name) && names.size >= REGISTRIES) return 'other';
    names.add(name);
    return name;
  };
}

// without a return type: the classes of `prom-client` are loaded late
async function instruments() {
  const { Counter, Gauge, Registry: Numbers } = await import('prom-client');
  const registry: Registry = new Numbers();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name: `kpromo_${name}`, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge<L>({ name: `kpromo_${name}`, help, labelNames: [...labelNames], registers });
  return {
    registry,
    info: gauge('run_info', 'The run: always 1.', ['version', 'mode']),
    seconds: gauge('run_seconds', 'How long the program runs.', []),
    ended: gauge('run_ended_timestamp_seconds', 'When the run ended; 0 before.', []),
    exit: gauge('exit_code', 'The exit code; -1 while the program runs.', []),
    phase: gauge('phase_seconds', 'How long a phase took.', ['phase', 'ended']),
    progress: gauge('phase_items', 'What the phase that runs has to do, and has done.', ['state', 'unit']),
    images: counter(
      'images_total',
      'Images that were planned, promoted to all their mirrors, signed, recorded, failed, or not known somewhere.',
      ['state'],
    ),
    failures: counter('failures_total', 'What could not be done, by error code.', ['phase', 'code']),
    requests: counter('requests_total', 'Requests that ended.', ['registry', 'class', 'status']),
    hedges: counter('hedged_requests_total', 'Silent reads that were sent again on another connection.', ['registry']),
    bytes: counter('body_bytes_total', 'Bytes of bodies that were sent and received.', ['registry']),
    limit: gauge('rate_limit', 'Requests a second that the registry seems to allow.', ['registry']),
    pauses: counter('pauses_total', 'How often a registry asked for silence.', ['registry']),
    paused: gauge('paused_until_timestamp_seconds', 'Until when it last did.', ['registry']),
  };
}

function observe(all: Instruments, event: RunEvent, nameOf: (origin: string) => string): void {
  switch (event.type) {
    case 'run-started':
      return all.info.set({ mode: event.mode, version: event.version }, 1);
    case 'phase-ended':
      return all.phase.set({ phase: event.phase, ended: event.ended }, event.ms / 1000);
    case 'progress':
      return setProgress(all, event);
    case 'failed':
      return all.failures.inc({ phase: event.phase, code: event.code });
    case 'registry-paused':
      all.pauses.inc({ registry: nameOf(event.registry) });
      return all.paused.set({ registry: nameOf(event.registry) }, Date.parse(event.until) / 1000);
    case 'exit':
      return all.exit.set(event.code);
    case 'bytes':
      return all.bytes.inc({ registry: nameOf(event.origin) }, event.bytes);
    case 'request':
      return countRequest(all, event, nameOf);
    default:
  }
}

/** The images that are not on all mirrors, so that each counts once. */
type Outcomes = { readonly unknown: Set<string>; readonly failed: Set<string> };

/** An image is promoted if it is on all its mirrors: neither failed nor unknown on any. */
function countImage({ images }: Instruments, event: RunEvent, known: Outcomes): void {
  switch (event.type) {
    case 'image-planned':
    case 'image-signed':
    case 'image-recorded':
      return images.inc({ state: event.type.slice('image-'.length) });
    case 'image-promoted':
      if (event.failed === 0 && ![known.unknown, known.failed].some((names) => names.has(nameOfImage(event))))
        images.inc({ state: 'promoted' });
      return undefined;
    case 'image-unknown':
      return countOnce(images, 'unknown', nameOfImage(event), known.unknown);
    case 'failed':
      if (event.digest !== undefined) countOnce(images, 'failed', nameOfImage(event), known.failed);
      return undefined;
    default:
      return undefined;
  }
}

function nameOfImage({ image = '', digest = '' }: { readonly image?: string; readonly digest?: string }): string {
  return `${image}@${digest}`;
}

function countOnce(images: Instruments['images'], state: string, name: string, known: Set<string>): void {
  if (known.has(name)) return;
  known.add(name);
  images.inc({ state });
}

function setProgress({ progress }: Instruments, event: RunEvent & { readonly type: 'progress' }): void {
  progress.reset();
  progress.set({ state: 'total', unit: event.unit }, event.total);
  progress.set({ state: 'done', unit: event.unit }, event.done);
  progress.set({ state: 'failed', unit: event.unit }, event.failed);
}

function countRequest(
  { requests, hedges }: Instruments,
  { url, operation = 'other', hedged, status, error }: RunEvent & { readonly type: 'request' },
  nameOf: (origin: string) => string,
): void {
  const registry = nameOf(URL.parse(url)?.origin ?? '');
  if (hedged === true) hedges.inc({ registry });
  requests.inc({ registry, class: operation, status: status === undefined ? (error ?? 'none') : String(status) });
}
