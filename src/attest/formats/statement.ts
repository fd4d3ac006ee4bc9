import { z } from 'zod';
import type { Digest } from '../../image/digest.ts';
import { exactJson, jsonIn } from '../../image/json.ts';
import { goJson } from './go-json.ts';

/** Payload type of an in-toto statement in a DSSE envelope. */
export const IN_TOTO = 'application/vnd.in-toto+json';

/** cosign's predicate type of an image signature in a bundle. */
export const SIGNATURE = 'https://sigstore.dev/cosign/sign/v1';

const V1 = 'https://in-toto.io/Statement/v1';
const V0_1 = 'https://in-toto.io/Statement/v0.1';

// https://github.com/in-toto/attestation/blob/v1.1.0/spec/v1/statement.md; cosign still writes v0.1
const Statement = exactJson({
  _type: z.enum([V1, V0_1]),
  subject: z
    .array(
      exactJson({
        name: z.string().optional(),
        digest: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.unknown()).nullish(),
      }),
    )
    .min(1),
  predicateType: z.string().min(1),
  predicate: z.unknown(),
});

/** An in-toto Statement v1 (v0.1 is accepted as well). */
export type Statement = z.infer<typeof Statement>;

type StatementOf = {
  readonly digest: Digest;
  /** The name under which the subject is published. */
  readonly reference: string;
  readonly predicateType: string;
  readonly predicate: Readonly<Record<string, unknown>>;
  /** Annotations of the subject. */
  readonly annotations?: Readonly<Record<string, string>>;
};

/** Returns the bytes of a statement about one digest. */
export function statementBytes({ digest, reference, predicateType, predicate, annotations }: StatementOf): Uint8Array {
  const [algorithm = '', hex] = digest.split(':');
  const subject = { name: reference, digest: { [algorithm]: hex }, annotations };
  return Buffer.from(goJson({ _type: V1, subject: [subject], predicateType, predicate }));
}

/** Returns an image signature as a statement for cosign v3; records `version` if given. */
export function signatureStatement(reference: string, digest: Digest, version?: string): Uint8Array {
  const annotations = version === undefined ? {} : { [VERSION]: version };
  return statementBytes({ digest, reference, predicateType: SIGNATURE, predicate: {}, annotations });
}

/** Upstream's annotation with the signing program. */
export const VERSION = 'org.kubernetes.kpromo.version';

/** Parses a statement; returns undefined if the bytes are not one. */
export function parseStatement(bytes: Uint8Array): Statement | undefined {
  return Statement.safeParse(jsonIn(bytes)).data;
}

/** Returns the algorithm of a digest, such as `sha256`. */
export function algorithmOf(digest: Digest): string {
  return digest.slice(0, digest.indexOf(':'));
}

/** Returns true if the statement has a digest of the same algorithm; without one it cannot be compared. */
export function namesAlgorithm({ subject }: Statement, digest: Digest): boolean {
  return subject.some(({ digest: digests }) => Object.hasOwn(digests, algorithmOf(digest)));
}

/** Returns true if this digest is a subject of the statement. */
export function isAbout(statement: Statement, digest: Digest): boolean {
  const [algorithm = '', hex] = digest.split(':');
  return statement.subject.some(({ digest: digests }) => digests[algorithm] === hex);
}

/** Returns the names that the statement gives this digest. */
export function referencesIn({ subject }: Statement, digest: Digest): readonly string[] {
  const [algorithm = '', hex] = digest.split(':');
  return subject.flatMap((one) => (one.digest[algorithm] === hex && one.name !== undefined ? [one.name] : []));
}
