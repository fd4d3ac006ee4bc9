import { createHash } from 'node:crypto';
import { trustedFrom } from './certificates.ts';

type Log = {
  readonly url: string;
  readonly publicKey: Buffer;
  readonly kind: 'ecdsa' | 'ed25519';
  readonly id?: Buffer;
};
type Authority = { readonly url: string; readonly chain: readonly Buffer[] };

/** Everybody who is to be trusted. */
export type Trusted = {
  readonly logs: readonly Log[];
  readonly certificateLogs: readonly Log[];
  readonly certificateAuthorities: readonly Authority[];
  readonly timestampAuthorities: readonly Authority[];
};

/** A trusted root in JSON (https://github.com/sigstore/protobuf-specs, sigstore_trustroot.proto), valid from an hour before `now`. */
export function trustedRootOf({ logs, certificateLogs, ...trusted }: Trusted, now: number): TrustedRootJson {
  const start = trustedFrom(now).toISOString();
  const log = ({ url, publicKey, kind, id }: Log): object => ({
    baseUrl: url,
    hashAlgorithm: 'SHA2_256',
    publicKey: {
      rawBytes: publicKey.toString('base64'),
      keyDetails: kind === 'ecdsa' ? 'PKIX_ECDSA_P256_SHA_256' : 'PKIX_ED25519',
      validFor: { start },
    },
    logId: { keyId: (id ?? createHash('sha256').update(publicKey).digest()).toString('base64') },
  });
  const authority = ({ url, chain }: Authority): object => ({
    subject: { organization: 'local', commonName: 'local' },
    uri: url,
    certChain: { certificates: chain.map((der) => ({ rawBytes: der.toString('base64') })) },
    validFor: { start },
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: logs.map(log),
    ctlogs: certificateLogs.map(log),
    certificateAuthorities: trusted.certificateAuthorities.map(authority),
    timestampAuthorities: trusted.timestampAuthorities.map(authority),
  };
}

/** Plain JSON, for whoever parses it. */
export type TrustedRootJson = Readonly<Record<string, unknown>>;

/** Where one signs; `timestamp` is an endpoint, the others are base addresses. */
export type Addresses = {
  readonly fulcio: string;
  readonly oidc: string;
  readonly timestamp: string;
  readonly rekor: readonly { readonly url: string; readonly version: 1 | 2 }[];
};

/** A signing configuration v0.2 in JSON. */
export function signingConfigOf({ fulcio, oidc, timestamp, rekor }: Addresses, now: number): object {
  const service = (url: string, majorApiVersion = 1): object => ({
    url,
    majorApiVersion,
    validFor: { start: trustedFrom(now).toISOString() },
    operator: 'local',
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    caUrls: [service(fulcio)],
    oidcUrls: [service(oidc)],
    rekorTlogUrls: rekor.map(({ url, version }) => service(url, version)),
    rekorTlogConfig: { selector: 'ANY' },
    tsaUrls: [service(timestamp)],
    tsaConfig: { selector: 'ANY' },
  };
}
