import type * as core from '@sigstore/core';
import type * as verify from '@sigstore/verify';

type Entity = verify.SignedEntity;
type Authority = verify.TrustMaterial['certificateAuthorities'][number];

export type Thresholds = Required<
  Pick<verify.VerifierOptions, 'tlogThreshold' | 'ctlogThreshold' | 'timestampThreshold'>
>;

/** The parts of a signature that were left out because this trust root cannot verify them. */
type Unknown = { readonly log: boolean; readonly stamp: boolean };

/** Removes the log entries and timestamps of services that are unknown or were not valid at that time. */
export function inForce(
  given: Entity,
  { tlogs, timestampAuthorities }: verify.TrustMaterial,
): { readonly entity: Entity; readonly unknown: Unknown } {
  type Entry = Entity['tlogEntries'][number];
  const isLog = ({ logId, integratedTime }: Entry): boolean =>
    tlogs.some((log) => {
      const time = new Date(Number(integratedTime) * 1000);
      // entries of Rekor v2 have no time
      return log.logID.equals(logId.keyId) && (time.getTime() === 0 || isWithin(log, time));
    });
  const isStamp = ({ signerSerialNumber, signerIssuer, signingTime }: core.RFC3161Timestamp): boolean =>
    timestampAuthorities.some((authority) => {
      const [signer] = authority.certChain;
      return (
        signer?.serialNumber.equals(signerSerialNumber) === true &&
        signer.issuer.equals(signerIssuer) &&
        isWithin(authority, signingTime) &&
        authority.certChain.every((one) => one.validForDate(signingTime))
      );
    });
  const tlogEntries = given.tlogEntries.filter(isLog);
  const timestamps = given.timestamps.filter((one) =>
    one.$case === 'transparency-log' ? isLog(one.tlogEntry) : isStamp(one.timestamp),
  );
  const unknown = {
    log: tlogEntries.length < given.tlogEntries.length,
    stamp: timestamps.length < given.timestamps.length,
  };
  return { entity: { ...given, tlogEntries, timestamps }, unknown };
}

/** Returns a clause that says why the log entries and timestamps are not sufficient; undefined if they are. */
export function serviceLack(entity: Entity, unknown: Unknown, thresholds: Thresholds): string | undefined {
  if (entity.tlogEntries.length < thresholds.tlogThreshold)
    return unknown.log
      ? 'its log entry is from an unknown or already retired log'
      : 'it has no entry of a transparency log';
  if (timesOf(entity).length >= thresholds.timestampThreshold) return undefined;
  return unknown.stamp
    ? 'its timestamp is from an unknown or already retired authority'
    : 'nothing proves when it was signed';
}

/** Returns a clause that says why a certificate of a known authority cannot be verified; undefined if it can. */
export function certificateLack(
  certificate: core.X509Certificate,
  entity: Entity,
  { certificateAuthorities, ctlogs }: verify.TrustMaterial,
  { ctlogThreshold }: Thresholds,
): string | undefined {
  const issuers = certificateAuthorities.filter((authority) => mayHaveIssued(authority, certificate));
  if (!timesOf(entity).every((time) => issuers.some((issuer) => isWithin(issuer, time))))
    return 'the authority of its certificate had already been retired';
  if (ctlogThreshold === 0) return undefined;
  const stamps = certificate.extSCT?.signedCertificateTimestamps ?? [];
  if (stamps.length === 0) return 'its certificate is in no certificate transparency log';
  const isKnown = stamps.every(({ logID, datetime }) =>
    ctlogs.some((log) => log.logID.equals(logID) && isWithin(log, datetime)),
  );
  return isKnown ? undefined : 'its certificate is in an unknown certificate transparency log';
}

/** Returns true if the authority's name is the issuer's name in the certificate. */
export function mayHaveIssued({ certChain }: Authority, leaf: core.X509Certificate): boolean {
  const wanted = leaf.extAuthorityKeyID?.keyIdentifier;
  return certChain.some((issuer) => {
    const id = issuer.extSubjectKeyID?.keyIdentifier;
    return wanted === undefined || id === undefined ? issuer.subject.equals(leaf.issuer) : id.equals(wanted);
  });
}

/** Returns the trust root with all its services valid at any time. */
export function whenever(material: verify.TrustMaterial): verify.TrustMaterial {
  const validFor = { start: new Date(-MAX_TIME), end: new Date(MAX_TIME) };
  const always = <T extends object>(all: readonly T[]): (T & { validFor: typeof validFor })[] =>
    all.map((one) => ({ ...one, validFor }));
  return {
    ...material,
    timestampAuthorities: always(material.timestampAuthorities),
    tlogs: always(material.tlogs),
  };
}

/** The largest distance of a date from 1970, in milliseconds (ECMA-262, «Time Values»). */
const MAX_TIME = 8.64e15;

/** A log provides a time only if it promised to include the entry. */
function timesOf({ timestamps }: Entity): readonly Date[] {
  return timestamps.flatMap((one) => {
    if (one.$case === 'timestamp-authority') return [one.timestamp.signingTime];
    const { inclusionPromise, integratedTime } = one.tlogEntry;
    return inclusionPromise === undefined ? [] : [new Date(Number(integratedTime) * 1000)];
  });
}

function isWithin({ validFor }: { readonly validFor: Authority['validFor'] }, time: Date): boolean {
  return validFor.start <= time && time <= validFor.end;
}
