import { windows, type Windows, WINDOW } from './windows.ts';

/** The forms of all secrets, folded. */
export type Forms = {
  /** Adds a form, for good or for a while; too short a one is left. */
  add(form: Uint8Array, isPassing: boolean): void;
  readonly find: Windows<FormKind>['find'];
  isEmpty(): boolean;
};

/** `isPassing`: a server named it. */
export type FormKind = { readonly isPassing: boolean };

/** A run that copies from a token registry has a token for each of some thousand repositories; 512 characters each are one. */
const MOST_PASSING = 8192;

/** Holds nothing at first. Of what is kept for a while the oldest are forgotten where there are too many. */
export function formsOf(): Forms {
  const known = windows<FormKind>();
  const lasting = new Set<string>();
  const passing = new Set<string>();
  const trim = (): void => {
    if (passing.size <= MOST_PASSING) return;
    const [oldest = ''] = passing;
    passing.delete(oldest);
    known.remove(Buffer.from(oldest, 'latin1'));
  };
  return {
    add: (form, isPassing) => {
      const key = Buffer.from(form).toString('latin1');
      if (form.length < WINDOW || lasting.has(key)) return;
      if (passing.delete(key)) known.remove(form);
      (isPassing ? passing : lasting).add(key);
      known.add(Buffer.from(form), { isPassing });
      trim();
    },
    find: known.find,
    isEmpty: () => lasting.size + passing.size === 0,
  };
}
