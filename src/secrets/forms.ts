import { windows, type Windows, WINDOW } from './windows.ts';

/** The folded forms of all secrets. */
export type Forms = {
  /** Adds a form, permanently or temporarily; ignores one that is too short. */
  add(form: Uint8Array, isPassing: boolean): void;
  readonly find: Windows<FormKind>['find'];
  isEmpty(): boolean;
};

/** `isPassing`: a temporary secret that a server named. */
type FormKind = { readonly isPassing: boolean };

/** At most a thousand tokens of a KiB each are in use at a time, in parts of 32 characters. */
const MOST_PASSING = 32_768;

/** Starts empty. If there are too many temporary forms, drops the older half and calls `forgot`. */
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
