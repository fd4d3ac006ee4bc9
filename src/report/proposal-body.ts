import type { Added } from '../phases/proposal/added.ts';
import { markdownBlock, markdownCode } from '../text/escape/markdown.ts';
import { bytesText, count } from '../text/layout.ts';
import type { ImageReport, ProvenanceReport, RunReport } from './model/report.ts';
import { planText } from './terminal/plan-text.ts';

/** The content of a pull request's body. */
export type ProposalBody = {
  readonly title: string;
  /** The source registry of the project. */
  readonly source: string;
  readonly added: readonly Added[];
  /** References in staging by which a digest can be asked for, and the digests that they must have. */
  readonly checks: readonly { readonly ref: string; readonly digest: string }[];
  readonly leftOut: readonly { readonly name: string; readonly why: string }[];
  /** The dry run of the change. */
  readonly report: RunReport;
  /** The arguments of this run. */
  readonly command: string;
  /** Lines for Prow, each on its own. */
  readonly prow: readonly string[];
};

/** GitHub refuses a body of more than 65,536 characters: the tables have at most so many rows, and the plan the rest. */
const [ROWS, PLAN_CHARACTERS] = [60, 15_000];

/** Writes the body of a pull request for its reviewer, as Markdown for GitHub. */
export function proposalBody(proposal: ProposalBody): string {
  const { title, source, added, leftOut, report, command, prow } = proposal;
  const plan = planText(report);
  return [
    `${markdownCode(title)}, from ${markdownCode(source)}.`,
    imagesTable(added),
    ...(leftOut.length === 0 ? [] : [leftOutText(leftOut)]),
    '### Signatures, provenance and policy',
    evidenceTable(added, report),
    ...violations(report),
    '### Plan',
    markdownBlock(plan, PLAN_CHARACTERS),
    '### Check it yourself',
    'This command asks staging for each digest and compares it with this change. It needs [crane](https://github.com/google/go-containerregistry/tree/main/cmd/crane) and nothing of kpromo.',
    markdownBlock(checkCommand(proposal), PLAN_CHARACTERS),
    'This is an automated PR generated from `kpromo`:',
    markdownBlock(command, 4000),
    prow.join('\n'),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function imagesTable(added: readonly Added[]): string {
  const rows = added
    .slice(0, ROWS)
    .map(({ name, tags, digest, platforms, size }) => [
      markdownCode(name),
      tags.map((tag) => markdownCode(tag)).join(' '),
      markdownCode(digest),
      platforms.length === 0 ? '–' : platforms.map((platform) => markdownCode(platform, 40)).join(' '),
      bytesText(size),
    ]);
  return markdownTable(['image', 'tags', 'digest', 'platforms', 'size'], rows, added.length);
}

function leftOutText(leftOut: ProposalBody['leftOut']): string {
  const reasons = Map.groupBy(leftOut, ({ why }) => why);
  return [...reasons]
    .map(
      ([why, images]) =>
        `Left out, ${markdownCode(why)}: ${images
          .slice(0, ROWS)
          .map(({ name }) => markdownCode(name, 100))
          .join(' ')}`,
    )
    .join('\n');
}

function evidenceTable(added: readonly Added[], report: RunReport): string {
  const rows = added.slice(0, ROWS).map(({ name, digest, tags }) => {
    const image = report.images.find((one) => one.name === name && one.digest === digest);
    return [`${markdownCode(name)} ${markdownCode(tags[0] ?? '')}`, ...provenanceCells(image)];
  });
  return markdownTable(
    ['image', 'signature', 'attestations', 'signer', 'builder', 'source', 'level', 'policy'],
    rows,
    added.length,
  );
}

const POLICY: Readonly<Record<ProvenanceReport['result'], string>> = {
  passed: 'passes',
  warned: '**does not satisfy it**; it only warns',
  failed: '**held back**',
  off: 'none',
};

function provenanceCells(image: ImageReport | undefined): readonly string[] {
  if (image?.provenance === undefined) {
    const text = image === undefined ? 'in production already' : '**not known**; see the plan';
    return [text, '', '', '', '', '', ''];
  }
  const { signature, attestations, signer, builder, source, level, result } = image.provenance;
  const facts = [signer, builder, source].map((text) => (text === undefined ? '–' : markdownCode(text)));
  return [signature, attestations, ...facts, String(level), POLICY[result]];
}

/** Returns the violations of policies and the problems of the dry run, one line each. */
function violations({ images, failures }: RunReport): readonly string[] {
  const reasons = images.flatMap(({ name, provenance }) =>
    (provenance?.violations ?? []).map(
      ({ code, message }) => `- ${markdownCode(name, 100)}: ${code}: ${markdownCode(message)}`,
    ),
  );
  const others = failures
    .filter(({ phase }) => phase !== 'provenance')
    .map(({ code, message }) => `- ${code}: ${markdownCode(message)}`);
  const all = [...reasons, ...others];
  const more = all.length > ROWS ? [`- and ${count(all.length - ROWS, 'more problem')}`] : [];
  return all.length === 0 ? [] : [[...all.slice(0, ROWS), ...more].join('\n')];
}

/** Names, tags and digests are valid here: none has a character that a shell reads. */
function checkCommand({ checks }: ProposalBody): string {
  const lines = checks.map(({ ref, digest }) => `${ref} ${digest}`);
  return [
    'while read -r ref digest; do',
    '  [ "$(crane digest "$ref")" = "$digest" ] && echo "ok    $ref" || echo "WRONG $ref"',
    "done <<'EOF'",
    ...lines,
    'EOF',
  ].join('\n');
}

function markdownTable(header: readonly string[], rows: readonly (readonly string[])[], total: number): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const more = total > rows.length ? [`\nand ${count(total - rows.length, 'more digest')}`] : [];
  return [line(header), line(header.map(() => '---')), ...rows.map(line), ...more].join('\n');
}
