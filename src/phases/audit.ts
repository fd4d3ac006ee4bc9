import type { Failure } from '../errors.ts';
import type { Phase } from '../pipeline/phase.ts';
import type { Drift } from '../plan/audit/drift.ts';
import { extraDrift } from '../plan/audit/extra-drift.ts';
import { lackDrift } from '../plan/audit/lack-drift.ts';
import { auditPlaces } from '../plan/audit/places.ts';
import { byDestination, countImages } from '../plan/desired/desired.ts';
import { askFinds } from './audit/extras.ts';
import { findsIn } from './audit/finds.ts';
import { auditNotes } from './audit/notes.ts';
import { findOtherRepositories } from './audit/other-repositories.ts';
import { readLacks } from './audit/read-lacks.ts';
import { readOthers } from './audit/read-others.ts';
import type { AuditServices } from './audit/services.ts';
import { sharedRoots } from './audit/shared-roots.ts';
import { signedCheck } from './audit/signed.ts';
import { unsignedDrift } from '../plan/audit/unsigned-drift.ts';
import type { Loaded } from './setup.ts';

/** How production differs from the tree, as far as it could be read. */
export type Audited = {
  readonly drift: readonly Drift[];
  readonly failures: readonly Failure[];
  /** Sentences about parts of production that were not compared. */
  readonly notes: readonly string[];
  readonly images: number;
  readonly repositories: number;
};

/** Compares production with the tree: what is missing, elsewhere, in no manifest, unsigned or not recorded. Writes nothing. */
export const audit = (services: AuditServices): Phase<{ readonly loaded: Loaded }, 'audit', Audited> => ({
  name: 'audit',
  gives: 'audit',
  run: async ({ loaded }, context) => {
    const { sets, diff, share } = loaded;
    const all = byDestination(diff?.all ?? sets);
    const destinations = diff === undefined ? all : byDestination(sets);
    const places = auditPlaces(diff?.all ?? sets, services.rules, share?.tree);
    const { referenceOf } = places;
    context.emit({ type: 'destinations-listed', repositories: destinations.size });

    const finds = findsIn(all, services, context);
    const signed = signedCheck(services, sets);
    const lacks = await readLacks(services, { destinations, all, finds, signed }, context);
    const unsigned = await signed.ask(finds.bare, context);

    // a diff lists only new entries, so anything else in production would look extra
    const isWhole = diff === undefined;
    const wanted = { ...places, ...sharedRoots(share, destinations) };
    const others =
      isWhole && services.findsRepositories
        ? await findOtherRepositories(places.roots, readOthers(services, wanted, finds, context), context)
        : { notes: [], failures: [] };
    const found = await askFinds(services, isWhole ? finds.found() : [], context);
    const removals = await services.removed(found.extras);

    const failures = [...lacks.failures, ...unsigned.failures, ...others.failures, ...found.failures];
    context.emit({ type: 'failures', failures });
    return {
      drift: [
        ...lackDrift(sets, { ...lacks, referenceOf }),
        ...extraDrift(found.extras, removals, referenceOf),
        ...unsignedDrift(unsigned.unsigned, referenceOf),
      ],
      failures,
      notes: [...others.notes, ...auditNotes(finds, signed, { isWhole, ...services })],
      images: countImages(sets),
      repositories: destinations.size,
    };
  },
});
