/**
 * Replaces what differs by run, machine and image: digests, keys, commits, times, sizes and counts of requests. Lines may be
 * folded anywhere.
 */
export function masked(output: string): string {
  return output
    .replaceAll(/^time=.*\n/gm, '')
    .replaceAll(/sha256:[0-9a-f]{64}/g, 'DIGEST')
    .replaceAll(/sha256:[0-9a-f]{12}…/g, 'DIGEST…')
    .replaceAll(/[A-Za-z0-9+/]{43}=/g, 'KEY')
    .replaceAll(/\b(?:[0-9a-f]{40}|[0-9a-f]{12})\b/g, 'COMMIT')
    .replaceAll(/\d{4}-\d\d-\d\d(?:T[\d:]+Z)?/g, 'TIME')
    .replaceAll(/[\d.]+(?: (?:B|KiB|MiB)|m?s)\b/g, 'N')
    .replaceAll(/\d+ requests/g, 'N requests')
    .replaceAll(/v\d+\.\d+\.\d+(?=\s+platform)|(?<=node:\s+)v[\d.]+/g, 'VERSION')
    .replaceAll(/\w+\/\w+$(?<=platform: .*)/gm, 'PLATFORM')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
