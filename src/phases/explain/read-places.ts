import { allOf } from '../../async/all-of.ts';
import type { Finding } from '../../attest/checking/finding.ts';
import { checkDigest, type CheckServices, type DigestCheck } from '../../attest/checking/check-digest.ts';
import { asPromotionError } from '../../errors.ts';
import type { RepositoryName } from '../../image/reference.ts';
import type { Checked } from '../../plan/checks.ts';
import { unknown, type Fact, type PlaceFact, type SignedFact, type TagFact } from '../../plan/explained/facts.ts';

/** Reads which parts of an image each of its repositories has. */
export async function readPlaces(services: CheckServices, check: Checked): Promise<readonly PlaceFact[]> {
  const { repository, mirrors, routed = [] } = check;
  const places = [repository, ...mirrors, ...routed];
  const [attached, read] = await Promise.all([
    checkDigest(services, { ...check, wants: { signature: true, record: true } }),
    allOf(places.map((place) => readImage(services, check, place))),
  ]);
  return places.map((place, index): PlaceFact => {
    const found = read[index] ?? { image: unknown('it was not read'), tags: unknown('it was not read') };
    const isMissing = 'known' in found.image && found.image.known === 'missing';
    const part = (what: Finding['what']): PlaceFact['signature'] =>
      routed.includes(place)
        ? { known: 'routed' }
        : isMissing
          ? { known: 'unsigned' }
          : attachedAt(attached, place, repository, what);
    const role = place === repository ? 'primary' : 'mirror';
    return { repository: place, role, ...found, signature: part('signature'), record: part('record') };
  });
}

async function readImage(
  { registry, callTo }: CheckServices,
  { digest, tags }: Checked,
  repository: RepositoryName,
): Promise<Pick<PlaceFact, 'image' | 'tags'>> {
  const call = callTo(repository);
  const read = async <T>(action: () => Promise<T>): Promise<Fact<T>> => {
    try {
      return { known: await action() };
    } catch (error) {
      return unknown(asPromotionError(error, call.signal).message);
    }
  };
  const stateOf = async (tag: string): Promise<TagFact> => {
    const found = await registry.resolveManifest(repository, tag, call);
    if (found === undefined) return { tag, state: 'missing' };
    return found.digest === digest ? { tag, state: 'there' } : { tag, state: 'moved', digest: found.digest };
  };
  const [image, tagged] = await Promise.all([
    read(async () => {
      const found = await registry.resolveManifest(repository, digest, call);
      return found === undefined ? ('missing' as const) : ('there' as const);
    }),
    read(() => allOf(tags.map(stateOf))),
  ]);
  return { image, tags: tagged };
}

/** The order in which the states of an image and its platforms are reported: the worst first. */
const WORST: readonly SignedFact['status'][] = ['failed', 'untrusted', 'unverifiable', 'unsigned', 'verified'];

function attachedAt(
  { findings, unread }: DigestCheck,
  place: RepositoryName,
  primary: RepositoryName,
  what: Finding['what'],
): Fact<SignedFact['status']> {
  const error = unread.find(({ repository }) => repository === place)?.error;
  if (error !== undefined) return unknown(error.message);
  const found = findings.filter((one) => one.repository === place && one.what === what).map(({ status }) => status);
  const worst = WORST.find((status) => found.includes(status));
  if (worst !== undefined) return { known: worst };
  const [cause] = unread;
  return unknown(cause === undefined ? `${primary} does not have the image` : `${cause.repository} cannot be read`);
}
