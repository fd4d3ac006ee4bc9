import { z } from 'zod';
import { withoutEndSlashes } from '../../image/end-slashes.ts';
import type { Digest } from '../../image/digest.ts';
import { parsePackageUrl } from '../../policy/vulnerabilities/package-url.ts';
import type { VexPackage, VexStatement } from '../../policy/vulnerabilities/vulnerability.ts';
import { plain } from './types.ts';
import { addAll } from '../../lists.ts';

const Component = z.looseObject({
  '@id': z.string().nullish(),
  identifiers: z.looseObject({ purl: z.string().nullish() }).nullish(),
  hashes: z.record(z.string(), z.string()).nullish(),
});

const Product = z.union([
  z.string().transform((id) => ({ '@id': id, subcomponents: [] as z.infer<typeof Component>[] })),
  Component.extend({ subcomponents: z.array(Component).nullish() }),
]);

const Vulnerability = z.union([
  z.string().transform((name) => ({ name })),
  z.looseObject({
    '@id': z.string().nullish(),
    name: z.string().nullish(),
    aliases: z.array(z.string()).nullish(),
  }),
]);

const Statement = z.looseObject({
  vulnerability: Vulnerability,
  timestamp: z.string().nullish(),
  last_updated: z.string().nullish(),
  products: z.array(Product).nullish(),
  status: z.enum(['not_affected', 'affected', 'fixed', 'under_investigation']),
  justification: z.string().nullish(),
  impact_statement: z.string().nullish(),
  status_notes: z.string().nullish(),
});

// https://github.com/openvex/spec/blob/main/OPENVEX-SPEC.md; before v0.2.0 products and vulnerabilities were plain text
const OpenVex = z.looseObject({
  '@context': z.string().startsWith('https://openvex.dev/ns'),
  author: z.string().nullish(),
  timestamp: z.string().nullish(),
  last_updated: z.string().nullish(),
  statements: z.array(Statement),
});

type Document = z.infer<typeof OpenVex>;

/**
 * An OpenVEX document. `about` returns its statements on one digest; `attached` means that it was signed for that
 * digest.
 */
export type OpenVexDocument = { about(digest: Digest, attached: boolean): readonly VexStatement[] };

/** Parses an OpenVEX document; returns undefined if it is not one. */
export function readOpenVex(value: unknown): OpenVexDocument | undefined {
  const { data } = OpenVex.safeParse(value);
  if (data === undefined) return undefined;
  return {
    about: (digest, attached) =>
      data.statements.flatMap((statement) => statementsOf(data, statement, digest, attached)),
  };
}

function statementsOf(
  document: Document,
  statement: z.infer<typeof Statement>,
  digest: Digest,
  attached: boolean,
): readonly VexStatement[] {
  const packages = packagesOf(statement.products ?? [], digest, attached);
  if (packages === undefined) return [];
  const { status, justification, impact_statement: impact, status_notes: notes } = statement;
  const written = statement.last_updated ?? statement.timestamp ?? document.last_updated ?? document.timestamp ?? '';
  const time = Date.parse(written);
  return [
    {
      ids: namesOf(statement.vulnerability),
      status,
      justification: justification ? plain(justification) : undefined,
      statement: plain(impact ?? notes ?? '') || undefined,
      author: plain(document.author ?? '') || undefined,
      time: Number.isNaN(time) ? 0 : time,
      packages,
    },
  ];
}

/** The `@id` is an address that ends with the name. */
function namesOf(vulnerability: z.infer<typeof Vulnerability>): readonly string[] {
  const { '@id': id, name, aliases } = vulnerability as { '@id'?: string; name?: string; aliases?: string[] };
  const last = withoutEndSlashes(id ?? '')
    .split('/')
    .at(-1);
  return [...new Set([name, last, ...(aliases ?? [])])].flatMap((one) => (one ? [plain(one)] : []));
}

/**
 * Returns the packages of the image that a statement is about; undefined if it is about none. A product is this image,
 * wholly or by subcomponents, or a package in any image. Without products, the statement is about the image that it is
 * attached to.
 */
function packagesOf(
  products: readonly z.infer<typeof Product>[],
  digest: Digest,
  attached: boolean,
): readonly VexPackage[] | undefined {
  if (products.length === 0) return attached ? [] : undefined;
  const packages: VexPackage[] = [];
  for (const product of products) {
    const { subcomponents } = product;
    if (isImage(product, digest, attached)) {
      if ((subcomponents ?? []).length === 0) return [];
      addAll(packages, (subcomponents ?? []).flatMap(packageOf));
    } else addAll(packages, packageOf(product));
  }
  return packages.length === 0 ? undefined : packages;
}

/** An image is compared by its digest; without one, it is the image that the document is attached to. */
function isImage(component: z.infer<typeof Component>, digest: Digest, attached: boolean): boolean {
  const [algorithm, hex] = digest.split(':');
  const hash = component.hashes?.[algorithm === 'sha512' ? 'sha-512' : 'sha-256'];
  if (hash?.toLowerCase() === hex) return true;
  return urlsOf(component).some((text) => {
    const url = parsePackageUrl(text);
    if (url === undefined) return text.endsWith(`@${digest}`);
    return url.type === 'oci' && (url.version === digest || (attached && url.version === undefined));
  });
}

function packageOf(component: z.infer<typeof Component>): readonly VexPackage[] {
  const urls = urlsOf(component).flatMap((text) => parsePackageUrl(text) ?? []);
  // another image is not a package of this one
  return urls.filter(({ type }) => type !== 'oci' && type !== 'docker').slice(0, 1);
}

function urlsOf({ '@id': id, identifiers }: z.infer<typeof Component>): readonly string[] {
  return [identifiers?.purl, id].flatMap((text) => (text ? [text] : []));
}
