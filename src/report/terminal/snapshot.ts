import { jsonText } from '../../image/json-text.ts';
import type { Snapshot } from '../../image/snapshot.ts';

/** The output formats of a snapshot. */
export type SnapshotFormat = 'yaml' | 'csv' | 'json';

/**
 * Formats a snapshot. YAML can be used in a manifest; YAML and CSV equal upstream's output to the byte, including the
 * empty last line. JSON has the content of the YAML.
 */
export function snapshotText(snapshot: Snapshot, format: SnapshotFormat): string {
  return `${FORMATS[format](snapshot)}\n`;
}

const FORMATS: Readonly<Record<SnapshotFormat, (snapshot: Snapshot) => string>> = {
  yaml: (snapshot) =>
    lines(snapshot, ({ name, digests }) => [
      // not quoted, as upstream does: the manifest format reads every scalar here as a string
      `- name: ${name}`,
      '  dmap:',
      ...digests.map(({ digest, tags }) => `    "${digest}": [${tags.map((tag) => `"${tag}"`).join(', ')}]`),
    ]),
  csv: (snapshot) =>
    lines(snapshot, ({ name, digests }) =>
      digests.flatMap(({ digest, tags }) => {
        const targets = tags.length === 0 ? ['-'] : tags.map((tag) => `${name}:${tag}`);
        return targets.map((target) => `${name}@${digest},${target}`);
      }),
    ),
  json: (snapshot) =>
    jsonText(
      snapshot.map(({ name, digests }) => ({
        name,
        dmap: Object.fromEntries(digests.map(({ digest, tags }) => [digest, tags])),
      })),
      2,
    ),
};

function lines(snapshot: Snapshot, linesOf: (image: Snapshot[number]) => readonly string[]): string {
  return snapshot.map((image) => `${linesOf(image).join('\n')}\n`).join('');
}
