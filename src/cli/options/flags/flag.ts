/** The type of a flag's value, parsed as Go's pflag parses the type of that name. */
export type FlagType = 'string' | 'int' | 'bool' | 'stringArray' | 'duration';

/** A flag as parsing, help, documentation and completion need it. */
export type Flag = {
  readonly name: string;
  readonly short?: string;
  readonly type: FlagType;
  /** The default as a user would type it; parsed like any other value. */
  readonly default: string;
  readonly help: string;
  /** The placeholder of the value in help texts. */
  readonly value?: string;
  /** The valid values besides the default; case does not matter. For a bool, values besides true and false. */
  readonly choices?: readonly string[];
  /** Upstream's error message for an invalid choice. */
  readonly refusal?: string;
  /** The smallest and largest valid number; a duration in milliseconds. */
  readonly min?: number;
  readonly max?: number;
  /** A value for error messages. Default: the default of the flag. */
  readonly example?: string;
  /** What shells complete for the value. */
  readonly completes?: 'file' | 'directory';
  /** Accepted but not documented. */
  readonly hidden?: boolean;
  /** Makes a run write to registries; never suggested for a mistyped flag. */
  readonly writes?: boolean;
};
