import { spawn } from 'node:child_process';
import { onAbort } from '../abort.ts';
import { endOf } from '../child-process.ts';
import type { Clock } from '../clock.ts';
import { PromotionError } from '../errors.ts';
import { explain } from './explain.ts';

/** Runs one git command and returns its output; throws GIT if it fails, or the signal's reason. */
export type GitRun = (args: readonly string[], input?: string) => Promise<Buffer>;

export type GitServices = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Further variables for git. */
  readonly extra?: Readonly<Record<string, string | undefined>>;
  /** Returns the error for a command that failed. Default: in the words of a repository that is only read. */
  readonly explain?: typeof explain;
};

/**
 * The repository is untrusted: no program that its configuration or attributes name is started, and no server is
 * contacted. https://git-scm.com/docs/git-config describes each setting.
 */
const HARDENED = [
  '--no-pager',
  '--no-optional-locks',
  '--no-replace-objects',
  ...[
    'core.fsmonitor=',
    'core.hooksPath=/dev/null',
    'core.pager=cat',
    'core.attributesFile=/dev/null',
    'core.sshCommand=false',
    'credential.helper=',
    'diff.external=',
    'log.showSignature=false',
    'protocol.allow=never',
    'protocol.ext.allow=never',
    'safe.bareRepository=explicit',
    'submodule.recurse=false',
  ].flatMap((setting) => ['-c', setting]),
];

/** Environment variables that git receives: never GIT_DIR and the like, which a hook sets, and no secret. */
const PASSED_ON =
  /^(?:PATH|HOME|USERPROFILE|XDG_CONFIG_HOME|SYSTEMROOT|TMPDIR|TEMP|TMP|GIT_CEILING_DIRECTORIES|GIT_DISCOVERY_ACROSS_FILESYSTEM|GIT_CONFIG_(?:GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+))$/i;

/** Limit in bytes. A tree of 46,000 images has 10 MB; ten thousand files of the maximum size would exhaust memory. */
const MAX_OUTPUT = 256 * 1024 * 1024;
/** In milliseconds. The longest command, a walk over a large history, takes seconds. */
const TIME_LIMIT = 5 * 60_000;

/** Returns a runner of git commands in a folder. */
export function gitIn(folder: string, { env, clock, signal, ...more }: GitServices, maxOutput = MAX_OUTPUT): GitRun {
  return async (args, input = '') => {
    signal.throwIfAborted();
    const child = spawn('git', ['-C', folder, ...HARDENED, ...args], {
      env: { ...gitEnvironment(env), ...more.extra },
    });
    let isLate = false;
    let isTooLarge = false;
    const kill = (): void => void child.kill('SIGKILL');
    const cancel = clock.limit(TIME_LIMIT, () => {
      isLate = true;
      kill();
    });
    const leave = onAbort(signal, kill);
    try {
      child.stdin.on('error', () => undefined).end(input); // it may end without reading all; its exit code has the reason
      const ended = await endOf(child, maxOutput, () => {
        isTooLarge = true;
        kill();
      }).catch((cause: Error) => {
        throw notStarted(cause);
      });
      signal.throwIfAborted();
      if (isLate) throw gitError(args, `did not end within ${TIME_LIMIT / 60_000} minutes`, TRY_BY_HAND);
      if (isTooLarge) throw gitError(args, `printed more than ${maxOutput} bytes`, TRY_BY_HAND);
      if (ended.code !== 0) throw (more.explain ?? explain)(args, ended.code, ended.message, folder);
      return ended.output;
    } finally {
      cancel();
      leave();
    }
  };
}

const TRY_BY_HAND = 'look at the repository: it is not one that holds a manifest tree';

function gitError(args: readonly string[], message: string, hint: string): PromotionError {
  return new PromotionError('GIT', `git ${args[0]} ${message}`, { hint });
}

function gitEnvironment(env: GitServices['env']): Record<string, string | undefined> {
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => PASSED_ON.test(name))),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'false',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    // Not GIT_CONFIG_NOSYSTEM: containers write safe.directory there, and only administrators may write it.
  };
}

function notStarted(cause: Error): PromotionError {
  const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
  return new PromotionError('GIT', isMissing ? 'the program git is missing' : 'the program git cannot be started', {
    hint: 'install git where kpromo finds it (PATH), or run without --use-prow-manifest-diff and --manifest-diff-since',
    cause,
  });
}
