import type * as core from '@sigstore/core';
import type * as verify from '@sigstore/verify';

type Entity = verify.SignedEntity;
type Authority = verify.TrustMaterial['certificateAuthorities'][number];

export type Thresholds = Required<
  Pick<verify.VerifierOptions, 'tlogThreshold' | 'ctlogThreshold' | 'timestampThreshold'>
>;

/** What was left out of a signature because this trust root cannot tell whether it is right. */
export type Unknown = { readonly log: boolean; readonly stamp: boolean };

/** Leaves out the log entries and time stamps of services that are unknown, or were not in force at that time. */
export function inForce(
  given: Entity,
  { tlogs, timestampAuthorities }: verify.TrustMaterial,
): { readonly entity: Entity; readonly unknown: Unknown } {
  type Entry = Entity['tlogEntries'][number];
  const isLog = ({ logId, integratedTime }: Entry): boolean =>
    tlogs.some((log) => {
      const time = new Date(Number(integratedTime) * 1000);
      // entries of Rekor v2 have no time of their own
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

/** Why the log entries and time stamps do not suffice, as one clause; undefined if they do. */
export function serviceLack(entity: Entity, unknown: Unknown, thresholds: Thresholds): string | undefined {
  if (entity.tlogEntries.length < thresholds.tlogThreshold)
    return unknown.log
      ? 'its log entry is of a log that is not known here, or was retired before'
      : 'it has no entry of a transparency log';
  if (timesOf(entity).length >= thresholds.timestampThreshold) return undefined;
  return unknown.stamp
    ? 'its time stamp is of an authority that is not known here, or was retired before'
    : 'nothing proves when it was signed';
}

/** Why a certificate that comes from a known authority cannot be judged, as one clause; undefined if it can. */
export function certificateLack(
  certificate: core.X509Certificate,
  entity: Entity,
  { certificateAuthorities, ctlogs }: verify.TrustMaterial,
  { ctlogThreshold }: Thresholds,
): string | undefined {
  const issuers = certificateAuthorities.filter((authority) => mayHaveIssued(authority, certificate));
  if (!timesOf(entity).every((time) => issuers.some((issuer) => isWithin(issuer, time))))
    return 'the authority of its certificate was retired before';
  if (ctlogThreshold === 0) return undefined;
  const stamps = certificate.extSCT?.signedCertificateTimestamps ?? [];
  if (stamps.length === 0) return 'its certificate is in no certificate transparency log';
  const isKnown = stamps.every(({ logID, datetime }) =>
    ctlogs.some((log) => log.logID.equals(logID) && isWithin(log, datetime)),
  );
  return isKnown ? undefined : 'its certificate is in a certificate transparency log that is not known here';
}

/** Whether the authority names itself as the certificate names its issuer. */
export function mayHaveIssued({ certChain }: Authority, leaf: core.X509Certificate): boolean {
  const wanted = leaf.extAuthorityKeyID?.keyIdentifier;
  return certChain.some((issuer) => {
    const id = issuer.extSubjectKeyID?.keyIdentifier;
    return wanted === undefined || id === undefined ? issuer.subject.equals(leaf.issuer) : id.equals(wanted);
  });
}

/** The trust root with its services in force at any time. */
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

/** The most that a date can be away from 1970, in milliseconds (ECMA-262, «Time Values»). */
const MAX_TIME = 8.64e15;

/** A log tells the time only where it promised to take the entry. */
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
