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

/** A thousand tokens of a KiB each are in use at a time at most, in parts of 32 characters. */
const MOST_PASSING = 32_768;

/** Holds nothing at first. Of what is kept for a while the older half is forgotten where there is too much; `forgot` is called then. */
export function formsOf(forgot: () => void): Forms {
  const known = windows<FormKind>();
  const lasting = new Set<string>();
  const passing = new Set<string>();
  const trim = (): void => {
    if (passing.size <= MOST_PASSING) return;
    for (const oldest of [...passing].slice(0, MOST_PASSING / 2)) {
      passing.delete(oldest);
      known.remove(Buffer.from(oldest, 'latin1'));
    }
    forgot();
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
