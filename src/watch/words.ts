import { bytesText } from '../text/layout.ts';
import type { RegistryFlow } from './flow.ts';
import type { RunStatus } from './status.ts';

/** Returns a short time span: `45s`, `3m20s`, `1h05m`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${pad(seconds % 60)}s`;
  return `${Math.floor(minutes / 60)}h${pad(minutes % 60)}m`;
}

function pad(number: number): string {
  return String(number).padStart(2, '0');
}

/** Returns `12/230 images`, with bytes if they are known: `12/230 images, 1.2 GiB of 9.0 GiB`. */
export function progressText({ progress }: RunStatus): string {
  if (progress === undefined) return '';
  const { done, total, unit, bytes } = progress;
  const moved = bytes === undefined ? '' : `, ${bytesText(bytes.done)} of ${bytesText(bytes.total)}`;
  return `${done}/${total} ${unit}${moved}`;
}

/** Returns `us-docker.pkg.dev 45/s of 75/s`, or the end of a pause that it ordered. */
export function registryText({ name, perSecond, limit, pausedUntil }: RegistryFlow): string {
  const rate = `${Math.round(perSecond)}/s${limit === undefined ? '' : ` of ${Math.round(limit)}/s`}`;
  if (pausedUntil === undefined) return `${name} ${rate}`;
  return `${name} paused until ${new Date(pausedUntil).toISOString().slice(11, 19)} UTC`;
}

/** Returns `most` registries in their order, with preference for paused ones, which explain why nothing moves. */
export function shownRegistries(registries: readonly RegistryFlow[], most: number): readonly RegistryFlow[] {
  const paused = registries.filter(({ pausedUntil }) => pausedUntil !== undefined);
  const others = registries.filter(({ pausedUntil }) => pausedUntil === undefined);
  const kept = new Set([...paused, ...others].slice(0, most));
  return registries.filter((one) => kept.has(one));
}
