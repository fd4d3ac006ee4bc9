import { counted, debug, info } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** Checks of signatures and records. */
export const SIGCHECK = {
  *'checks-planned'({ checked, beyond, undated, absent, outside, uploaded }) {
    yield info(`Checking ${digests(checked)}${uploaded === undefined ? '' : ` uploaded ${windowText(uploaded)}`}`);
    if (outside > 0)
      yield info(`${digests(outside)} uploaded before or after are not checked (--from-days, --to-days)`);
    if (undated > 0)
      yield info(
        `${digests(undated)} checked whatever their age: their registries do not tell when they were uploaded`,
      );
    if (absent > 0) yield info(`${digests(absent)} not on the primary registry yet: \`kpromo cip\` promotes them`);
    if (beyond > 0) yield info(`${digests(beyond)} more not checked (--limit)`);
  },
  'image-checked': ({ ref, done, of }) => [debug(`Checked ${done}/${of}: ${ref}`)],
  'images-absent': ({ count }) => [
    info(`${count} of them not on the primary registry yet: \`kpromo cip\` promotes them`),
  ],
  'record-missing': ({ ref }) => [info(UPSTREAM.noRecord(ref))],
  'records-complete': () => [info(UPSTREAM.nothingToRepair)],
} satisfies Partial<Renderers>;

function windowText({ from, to }: { readonly from: number; readonly to?: number | undefined }): string {
  return to === undefined ? `since ${minute(from)}` : `between ${minute(from)} and ${minute(to)}`;
}

function minute(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16)}Z`;
}

function digests(count: number): string {
  return counted(count, 'digest');
}
