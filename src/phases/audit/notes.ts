import { count } from '../../text/layout.ts';
import type { Finds } from './finds.ts';
import type { AuditServices } from './services.ts';
import type { SignedCheck } from './signed.ts';

type Scope = Pick<AuditServices, 'recordsSince' | 'findsRepositories' | 'isSigned'> & { readonly isWhole: boolean };

/** Returns sentences about parts that were not compared, and the flags that include them. */
export function auditNotes(
  finds: Pick<Finds, 'tagsOnly' | 'untagged' | 'cut'>,
  { older }: Pick<SignedCheck, 'older'>,
  { isWhole, findsRepositories, isSigned, recordsSince }: Scope,
): string[] {
  const notes: string[] = [];
  if (!isWhole)
    notes.push('only what the tree added since is compared: what no manifest names is not looked for (--since)');
  else if (!findsRepositories)
    notes.push(
      'only the repositories of the tree are compared: others are not looked for (--other-repositories=false)',
    );
  if (isWhole) {
    for (const host of finds.tagsOnly)
      notes.push(`${host} lists tags only: manifests without a tag that no manifest names are not known`);
    if (finds.untagged() > 0)
      notes.push(
        `${count(finds.untagged(), 'manifest')} without a tag not compared: platforms of indexes and attachments look alike in lists (--untagged reads them)`,
      );
    for (const repository of finds.cut)
      notes.push(`the list of ${repository} is so long that its registry may have cut it: more may be there`);
  }
  if (!isSigned) notes.push('signatures and promotion records are not expected (--sign=false)');
  else if (older() > 0)
    notes.push(
      `promotion records are not expected of ${count(older(), 'image')} uploaded before ${day(recordsSince)} (--attestations-since)`,
    );
  return notes;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
