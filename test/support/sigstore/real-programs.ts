import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startProcess, type ServerProcess } from '../processes.ts';
import { requireProgram } from '../programs.ts';
import { HOST, type RealKeys } from './real-keys.ts';
import type { SigstoreFiles } from './stack.ts';

type Name = 'fulcio' | 'rekor' | 'timestamp';
/** Where each service is; base addresses. */
export type RealAddresses = Readonly<Record<Name, string>>;

/** What the services are started with. */
type RealSetting = {
  readonly programs: Readonly<Record<Name | 'setpriv', string>>;
  readonly addresses: RealAddresses;
  readonly keys: RealKeys;
  readonly files: SigstoreFiles;
  /** Fulcio's configuration. */
  readonly config: object;
  /** The certificate log is below `url`. */
  readonly log: { readonly url: string; readonly key: KeyObject };
};

/** Starting takes half a second: only what hangs must fail. */
const START_TIMEOUT_MS = 300_000;

/** The programs' paths; throws MissingProgram. */
export function realPrograms(): RealSetting['programs'] {
  return {
    fulcio: requireProgram('fulcio'),
    rekor: requireProgram('rekor-posix'),
    timestamp: requireProgram('timestamp-server'),
    // of util-linux: it keeps the stack to Linux, as the abstract sockets of Fulcio and of ours do
    setpriv: requireProgram('setpriv'),
  };
}

/** An address for each, on ports that were free a moment ago. */
export async function freeAddresses(): Promise<RealAddresses> {
  const free = async (): Promise<string> => `http://${HOST}:${await freePort()}`;
  return { fulcio: await free(), rekor: await free(), timestamp: await free() };
}

/** Starts all three; `healthy` resolves when they answer, and rejects with the last words of one that ended. */
export async function startPrograms(
  setting: RealSetting,
): Promise<{ healthy: Promise<unknown>; stop(): Promise<void> }> {
  const args = {
    fulcio: await fulcioArguments(setting),
    rekor: await rekorArguments(setting),
    timestamp: await timestampArguments(setting),
  };
  const servers = NAMES.map((name) => {
    // Variables and files of the user's would configure the services.
    const apart = ['env', '-i', `HOME=${setting.files.folder}`, setting.programs[name], ...args[name]];
    // Were the tests killed, a service that lives on would keep the next stack from port 2112.
    return { name, server: startProcess(setting.programs.setpriv, ['--pdeathsig=KILL', ...apart]) };
  });
  return {
    healthy: Promise.all(
      servers.map(({ name, server }) => healthy(name, server, `${setting.addresses[name]}${HEALTH[name]}`)),
    ),
    stop: async () => void (await Promise.all(servers.map(({ server }) => server.stop()))),
  };
}

const NAMES = ['fulcio', 'rekor', 'timestamp'] as const;
const HEALTH = { fulcio: '/healthz', rekor: '/healthz', timestamp: '/ping' } as const;
/** How often a service is asked while it starts. */
const ASK_MS = 20;

async function healthy(name: Name, server: ServerProcess, address: string): Promise<void> {
  const ended = new AbortController();
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(START_TIMEOUT_MS)]);
  void server.ended.then((words) => ended.abort(new Error(`${name} ended; its last words: ${words || '(none)'}`)));
  for (;;) {
    const response = await fetch(address, { signal }).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok === true) return;
    signal.throwIfAborted();
    await sleep(ASK_MS);
  }
}

async function fulcioArguments({ addresses, keys, files, config, log }: RealSetting): Promise<readonly string[]> {
  const logKey = String(log.key.export({ type: 'spki', format: 'pem' }));
  const port = portOf(addresses.fulcio);
  return [
    'serve',
    '--ca=fileca',
    `--fileca-cert=${await files.write('fulcio-chain.pem', keys.certified.chain)}`,
    `--fileca-key=${await files.write('fulcio.key', keys.certified.key)}`,
    '--fileca-key-passwd=none',
    '--fileca-watch=false',
    `--config-path=${await files.write('fulcio.json', JSON.stringify(config))}`,
    `--ct-log-url=${log.url}/ct`,
    `--ct-log-public-key-path=${await files.write('ct.pub', logKey)}`,
    `--host=${HOST}`,
    `--port=${port}`,
    `--grpc-host=${HOST}`,
    // Fulcio 1.8.8 panics when its ports are one.
    `--grpc-port=${await freePort()}`,
    `--metrics-port=${await freePort()}`,
    `--legacy-unix-domain-socket=@kpromo-fulcio-${port}`,
  ];
}

async function rekorArguments({ addresses, keys, files }: RealSetting): Promise<readonly string[]> {
  return [
    'serve',
    `--hostname=${HOST}`,
    `--http-port=${portOf(addresses.rekor)}`,
    `--grpc-port=${await freePort()}`,
    `--http-metrics-port=${await freePort()}`,
    `--storage-dir=${join(files.folder, 'log')}`,
    `--signer-filepath=${await files.write('rekor.key', keys.log.key)}`,
    // An entry waits for the next checkpoint, by default 10 s; then the server looks once a second.
    '--checkpoint-interval=100ms',
    '--batch-max-age=20ms',
    '--tlog-timeout=2s',
    '--log-level=warn',
  ];
}

async function timestampArguments({ addresses, keys, files }: RealSetting): Promise<readonly string[]> {
  return [
    'serve',
    `--host=${HOST}`,
    `--port=${portOf(addresses.timestamp)}`,
    '--timestamp-signer=file',
    `--file-signer-key-path=${await files.write('tsa.key', keys.stamps.key)}`,
    `--certificate-chain-path=${await files.write('tsa-chain.pem', keys.stamps.chain)}`,
    // It would ask time servers of the internet.
    '--disable-ntp-monitoring',
  ];
}

function portOf(address: string): string {
  return new URL(address).port;
}
