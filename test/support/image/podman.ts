import { execFile } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { missing, requireProgram } from '../programs.ts';

/** How a command ended, and what it printed. */
export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

type ContainerOptions = {
  /** `host path:path in the container[:ro]`. */
  readonly volumes?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Further flags of `podman run`. */
  readonly flags?: readonly string[];
};

/** Images that later runs use again. */
const STORAGE = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'kpromo-image');

/** What podman keeps about running containers: gone after a restart of the machine, as podman expects. */
const RUNNING = '/run/kpromo-image';

/** The output of one build is about 30 kB. */
const MAX_OUTPUT = 10_000_000;

/** Throws, for `orSkip`, if no container can be built and run here. */
export function requirePodman(): void {
  if (process.getuid?.() !== 0)
    throw missing('images are built and run as root, since other users may not mount', 'podman');
  for (const name of ['podman', 'runc', 'mmdebstrap']) requireProgram(name);
}

/** Runs podman, with a storage of its own, to its end. */
export function podmanEnd(...args: readonly string[]): Promise<Ended> {
  const storage = ['--root', join(STORAGE, 'storage'), '--runroot', RUNNING, '--tmpdir', join(RUNNING, 'libpod')];
  // crun, the other runtime, rejects machines that have both versions of cgroups.
  const runtime = ['--cgroup-manager', 'cgroupfs', '--runtime', requireProgram('runc')];
  return new Promise((resolve, reject) => {
    execFile(
      requireProgram('podman'),
      [...storage, ...runtime, ...args],
      { encoding: 'utf8', maxBuffer: MAX_OUTPUT },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : error.code;
        if (typeof code === 'number') resolve({ code, stdout, stderr });
        else reject(error ?? new Error('podman was not started'));
      },
    );
  });
}

/** Runs podman and returns what it prints; throws if it fails. */
export async function podman(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await podmanEnd(...args);
  if (code !== 0)
    throw new Error(`podman ${args.join(' ')} ended with ${code}:\n${stdout.slice(-4000)}${stderr.slice(-4000)}`);
  return stdout.trim();
}

/**
 * Runs an image as docs/container.md recommends: nothing but HOME can be written, and no right of root is left. The network is
 * the machine's, so that registries on loopback can be reached.
 */
export function runContainer(image: string, args: readonly string[], options: ContainerOptions = {}): Promise<Ended> {
  const { volumes = [], env = {}, flags = [] } = options;
  return podmanEnd(
    'run',
    '--rm',
    '--network=host',
    '--read-only',
    '--read-only-tmpfs=false',
    '--cap-drop=all',
    '--security-opt=no-new-privileges',
    // Podman's own limits are higher than those of a machine may be, and raising a limit takes a right of root.
    '--ulimit=nofile=1024:1024',
    '--ulimit=nproc=1024:1024',
    ...volumes.map((volume) => `--volume=${volume}`),
    ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`),
    ...flags,
    image,
    ...args,
  );
}
