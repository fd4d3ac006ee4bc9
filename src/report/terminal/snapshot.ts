import { jsonText } from '../../image/json-text.ts';
import type { Snapshot } from '../../image/snapshot.ts';

/** The forms in which a snapshot is printed. */
export type SnapshotFormat = 'yaml' | 'csv' | 'json';

/**
 * The snapshot as it is printed: YAML that a manifest can take over and CSV as upstream has them to the byte, with its empty
 * last line; JSON says the same as the YAML.
 */
export function snapshotText(snapshot: Snapshot, format: SnapshotFormat): string {
  return `${FORMATS[format](snapshot)}\n`;
}

const FORMATS: Readonly<Record<SnapshotFormat, (snapshot: Snapshot) => string>> = {
  yaml: (snapshot) =>
    lines(snapshot, ({ name, digests }) => [
      // unquoted whatever it is, as upstream does: the manifest format reads every scalar here as a string
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
