import { z } from 'zod';
import { PromotionError } from '../../errors.ts';

const Service = z.looseObject({
  url: z.url(),
  majorApiVersion: z.number(),
  validFor: z
    .object({ start: z.iso.datetime({ offset: true }), end: z.iso.datetime({ offset: true }).optional() })
    .optional(),
});
type Service = z.infer<typeof Service>;

// https://github.com/sigstore/protobuf-specs/blob/v0.5.1/protos/sigstore_trustroot.proto, SigningConfig
const SigningConfig = z.looseObject({
  mediaType: z.literal('application/vnd.dev.sigstore.signingconfig.v0.2+json'),
  caUrls: z.array(Service).default([]),
  rekorTlogUrls: z.array(Service).default([]),
  tsaUrls: z.array(Service).default([]),
});

/** The signing services, as Sigstore publishes them. */
export type SigningConfig = z.infer<typeof SigningConfig>;

/** Addresses of the services; `timestamp` is the full address, the others are base addresses. */
export type Services = {
  readonly fulcio?: URL | undefined;
  readonly rekor?: { readonly url: URL; readonly version: 1 | 2 } | undefined;
  readonly timestamp?: URL | undefined;
};

/** Flags about the services. */
export type ServiceFlags = {
  readonly fulcioUrl?: URL | undefined;
  readonly rekorUrl?: URL | undefined;
  readonly timestampUrl?: URL | undefined;
  readonly rekorVersion?: 1 | 2 | undefined;
};

/** Parses a signing configuration; `from` names it. Throws TRUST_ROOT if it is invalid. */
export function readSigningConfig(value: unknown, from: string): SigningConfig {
  const { data, error } = SigningConfig.safeParse(value);
  if (data !== undefined) return data;
  throw new PromotionError('TRUST_ROOT', `reading the signing configuration ${from}: unexpected format`, {
    cause: error,
    hint: 'use a signing_config.v0.2.json as Sigstore publishes it',
  });
}

/**
 * Selects the services by the flags, the others from the configuration: the newest that is valid now. Throws USAGE for
 * an impossible combination.
 */
export function chooseServices(config: SigningConfig | undefined, flags: ServiceFlags, now: number): Services {
  const from = (services: readonly Service[] | undefined, version: number): URL | undefined =>
    newest(services ?? [], version, now);
  const fulcio = flags.fulcioUrl ?? from(config?.caUrls, 1);
  const timestamp = flags.timestampUrl ?? from(config?.tsaUrls, 1);
  const rekor = logOf(config, flags, now);
  if (rekor?.version === 2 && timestamp === undefined) {
    throw new PromotionError('USAGE', 'Rekor v2 provides no time, and there is no timestamp authority', {
      hint: 'set --timestamp-url, or use a signing configuration that names one',
    });
  }
  return {
    fulcio,
    rekor,
    timestamp,
  };
}

/** Prefers version 1: a `.sig` signature cannot contain an entry of version 2. */
function logOf(config: SigningConfig | undefined, flags: ServiceFlags, now: number): Services['rekor'] {
  const { rekorUrl, rekorVersion } = flags;
  if (rekorUrl !== undefined) return { url: rekorUrl, version: rekorVersion ?? 1 };
  for (const version of rekorVersion === undefined ? ([1, 2] as const) : [rekorVersion]) {
    const url = newest(config?.rekorTlogUrls ?? [], version, now);
    if (url !== undefined) return { url, version };
  }
  if (rekorVersion === undefined || config === undefined) return undefined;
  throw new PromotionError('USAGE', `no Rekor v${rekorVersion} is in the signing configuration`, {
    hint: 'set --rekor-url, or another --rekor-version',
  });
}

function newest(services: readonly Service[], version: number, now: number): URL | undefined {
  const start = ({ validFor }: Service): number => Date.parse(validFor?.start ?? '') || 0;
  const isValid = (service: Service): boolean => {
    const end = Date.parse(service.validFor?.end ?? '');
    return service.majorApiVersion === version && start(service) <= now && !(end <= now);
  };
  // The sort is stable: of equal ones the first wins, as the specification says.
  const [first] = services.filter(isValid).toSorted((a, b) => start(b) - start(a));
  return first === undefined ? undefined : new URL(first.url);
}
