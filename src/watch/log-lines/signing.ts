import type { LogFields } from '../../events.ts';
import type { SignedPlace } from '../../pipeline/phase-events.ts';
import { counted, imageFields, info, warning } from './line.ts';
import type { Renderers } from './renderers.ts';
import { UPSTREAM } from './upstream.ts';

/** Signatures, promotion records, and what else is attached to promoted images. */
export const SIGNING = {
  'signing-started': (event) => [info(UPSTREAM.signing(nameOf(event)), fieldsOf(event))],
  'recording-started': (event) => [info(UPSTREAM.recording(nameOf(event)), fieldsOf(event))],
  *'attestations-carried'(event) {
    const { carried, left } = event;
    if (carried > 0) yield info(`Carrying ${counted(carried, 'attestation')} to ${nameOf(event)}`, fieldsOf(event));
    for (const reason of left)
      yield warning(`Not carrying an attestation of ${nameOf(event)}: ${reason}`, fieldsOf(event));
  },
  *'summary-finished'(event) {
    const [name, fields] = [nameOf(event), fieldsOf(event)];
    if (event.result === 'written') yield info(UPSTREAM.summarizing(name), fields);
    if (event.result === 'stuck') yield warning(stuckLine(name), fields);
    if (event.result === 'unknown')
      yield warning(`No verification summary for ${name}: staging no longer has it`, fields);
  },
  'summaries-stuck': ({ names }) => names.map((name) => warning(stuckLine(name))),
} satisfies Partial<Renderers>;

function stuckLine(name: string): string {
  return `The verification summary failed or evaluated nothing, and is kept: ${name}; --supersede-summaries evaluates it anew`;
}

function nameOf({ image, reference }: SignedPlace): string {
  return `${reference}@${image.digest}`;
}

function fieldsOf({ image, reference }: SignedPlace): LogFields {
  return { ...imageFields(image), reference };
}
