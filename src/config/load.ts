import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { PromotionError } from '../errors.ts';
import type { YamlProblem } from '../yaml/document.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { misplacedSecrets } from '../secrets/told-secrets.ts';
import { fileError } from '../yaml/file-error.ts';
import type { RegistryConfig, RegistrySettings } from './config.ts';
import { parseRegistryConfig } from './parse.ts';
import { certificateProblem, keyProblem } from './pem.ts';
import type { NamedFile, WrittenAttachment, WrittenRegistry } from './rules.ts';

/**
 * Loads a registry configuration with the files that it names, which are looked for beside it. Throws CONFIG_INVALID
 * that tells everything that is wrong, each with its place.
 */
export async function loadRegistryConfig(file: string, secrets?: Pick<Secrets, 'learn'>): Promise<RegistryConfig> {
  const bytes = await readNamed(file).catch((error: unknown) => {
    throw new PromotionError('CONFIG_INVALID', `reading the registry configuration ${file}: ${reasonOf(error)}`, {
      hint: 'name a file that is there and readable with --registry-config',
      cause: error,
    });
  });
  // a token where something else belongs must not be in the error that says so
  for (const secret of misplacedSecrets(bytes.toString('utf8'))) secrets?.learn(secret);
  const parsed = parseRegistryConfig(file, bytes);
  if ('problems' in parsed) throw fileError('CONFIG_INVALID', parsed.problems);
  const problems: YamlProblem[] = [];
  const { primary, publicNames = [], attachments = [], registries = [] } = parsed.written;
  const read = await Promise.all(registries.map((registry) => withFiles(registry, path.dirname(file), problems)));
  if (problems.length > 0) throw fileError('CONFIG_INVALID', problems);
  return {
    ...(primary === undefined ? {} : { primary }),
    publicNames: publicNames.map(withoutPosition),
    attachments: attachments.map(routeIn),
    registries: read,
  };
}

function routeIn({ match, through, standby = [] }: WrittenAttachment): RegistryConfig['attachments'][number] {
  return { match, ...(through !== undefined && { route: { through, standby } }) };
}

async function withFiles(
  { position: _position, ca, clientCertificate, limits, timeouts, ...settings }: WrittenRegistry,
  folder: string,
  problems: YamlProblem[],
): Promise<RegistrySettings> {
  const pem = async (
    key: string,
    named: NamedFile,
    problemOf: (text: string) => string | undefined,
  ): Promise<string> => {
    const name = path.resolve(folder, named.path);
    try {
      const text = (await readNamed(name)).toString('utf8');
      const problem = problemOf(text);
      if (problem === undefined) return text;
      problems.push({ message: `"${key}": ${named.path} ${problem}`, hint: PEM_HINT, position: named.position });
    } catch (error) {
      const hint = 'check the path: it is relative to the folder of the configuration';
      problems.push({ message: `"${key}": reading ${named.path}: ${reasonOf(error)}`, hint, position: named.position });
    }
    return '';
  };
  const trusted = ca === undefined ? {} : { ca: await pem('ca', ca, certificateProblem) };
  const cert = clientCertificate && (await pem('cert', clientCertificate.cert, certificateProblem));
  const key = clientCertificate && (await pem('key', clientCertificate.key, (text) => keyProblem(text, cert)));
  return {
    ...settings,
    ...trusted,
    ...(cert === undefined || key === undefined ? {} : { clientCertificate: { cert, key } }),
    ...(limits === undefined ? {} : { limits: withoutPosition(limits) }),
    ...(timeouts === undefined ? {} : { timeouts: withoutPosition(timeouts) }),
  };
}

const PEM_HINT = 'give a file in PEM form, which begins with "-----BEGIN"';

function withoutPosition<T extends { readonly position: unknown }>({
  position: _position,
  ...rest
}: T): Omit<T, 'position'> {
  return rest;
}

/** Ten times the certificates of a whole operating system. */
const MAX_BYTES = 4 * 1024 * 1024;

async function readNamed(file: string): Promise<Buffer> {
  const bytes = await readFile(file);
  if (bytes.length > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
  return bytes;
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder';
  return code ?? (error instanceof Error ? error.message : String(error));
}
