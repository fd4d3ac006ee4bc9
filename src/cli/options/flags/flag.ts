/** How a flag's value is read: as Go's pflag reads the type of that name. */
export type FlagType = 'string' | 'int' | 'bool' | 'stringArray' | 'duration';

/** One flag, as parsing, help, documentation and completion need it. */
export type Flag = {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  /** As a user would type it; it is read like any other value. */
  readonly default: string;
  readonly help: string;
  /** The word that stands for the value in help texts. */
  readonly value?: string;
  /** The only values it takes, in any case, besides its default; of a bool, those besides true and false. */
  readonly choices?: readonly string[];
  /** The words in which upstream refuses a value that is not a choice. */
  readonly refusal?: string;
  /** The least and the largest number it takes; a duration in milliseconds. */
  readonly min?: number;
  readonly max?: number;
  /** A value that error messages show; the default unless given. */
  readonly example?: string;
  /** What shells offer for the value. */
  readonly completes?: 'file' | 'directory';
  /** Accepted, but shown nowhere. */
  readonly hidden?: boolean;
  /** Makes a run write to registries: never suggested in place of a mistyped flag. */
  readonly writes?: boolean;
};
